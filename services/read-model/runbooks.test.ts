import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Alert } from "../../contracts/alert.ts";
import { runbookPage, withRunbooks } from "./runbooks.ts";

const RULES = join(import.meta.dir, "../../compose/prometheus/rules");

function alertWith(runbookUrl: string | undefined): Alert {
  return {
    id: "a",
    name: "ServiceDown",
    severity: "critical",
    state: "firing",
    summary: "gateway is down",
    startsAt: "2026-01-01T12:00:00Z",
    labels: {},
    ...(runbookUrl !== undefined && { runbookUrl }),
  };
}
const urlOf = (runbookUrl: string | undefined) =>
  withRunbooks(
    { items: [alertWith(runbookUrl)], source: "alertmanager", fetchedAt: null },
    "http://localhost:8080",
  ).items[0]?.runbookUrl;

test("every alerting rule's runbook is served as a page at the URL in its alert", async () => {
  const runbooks = "http://127.0.0.1:8083/runbooks";
  let seen = 0;
  for await (const file of new Bun.Glob("*.yml").scan(RULES))
    for (const [, url = ""] of (await Bun.file(join(RULES, file)).text()).matchAll(/runbook_url: "(.+)"/g)) {
      const shown = urlOf(url.replace("{{ $externalLabels.runbooks }}", runbooks)) ?? "";
      expect(shown).toStartWith("http://localhost:8080/runbooks/");
      expect(runbookPage(shown.slice(shown.lastIndexOf("/") + 1))).toContain("<h1>");
      seen++;
    }
  expect(seen).toBeGreaterThan(10);
});

test("links between runbooks stay, and links to pages that are not served become text", () => {
  expect(runbookPage("JobWaitSlow")).toContain('href="JobBacklogGrowing.md"');
  expect(runbookPage("JobBacklogGrowing.md")).toContain("<h1>JobBacklogGrowing</h1>");
  expect(runbookPage("LedgerNotZero")).not.toContain("../");
});

test("URLs that do not point to this service's runbooks are left unchanged", () => {
  expect(urlOf("https://docs.example/down")).toBe("https://docs.example/down");
  expect(urlOf("https://docs.example/runbooks/ServiceDown")).toBe(
    "https://docs.example/runbooks/ServiceDown",
  );
  expect(urlOf("http://localhost:8080/runbooks/Unheard")).toBe("http://localhost:8080/runbooks/Unheard");
  expect(urlOf(undefined)).toBeUndefined();
});

test("an unknown runbook is refused, and the nearest name is suggested", () => {
  expect(() => runbookPage("ServiceDwn")).toThrow(/did you mean ServiceDown/);
  expect(() => runbookPage("constructor")).toThrow(/no runbook/);
});
