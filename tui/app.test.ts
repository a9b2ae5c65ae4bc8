import { afterAll, beforeEach, expect, spyOn, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiClient } from "../shared/api-client/client.ts";
import { runTui } from "./app.ts";
import { SAMPLES } from "./testing/sample-state.ts";

const folder = mkdtempSync(join(tmpdir(), "odd-dashboard-app-"));
const answers: Readonly<Record<string, unknown>> = {
  "/overview": SAMPLES.overview,
  "/ledger": SAMPLES.ledger,
  "/alerts": SAMPLES.alerts,
  "/events": SAMPLES.events,
  "/series": { stepMs: 60_000, from: "2027-01-31T13:57:00.000Z", to: "2027-01-31T14:03:00.000Z", series: [] },
};
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: ({ url }) => Response.json(answers[new URL(url).pathname] ?? {}),
});
const printed: string[] = [];
const stdout = spyOn(process.stdout, "write").mockImplementation((text) => {
  printed.push(String(text));
  return true;
});
beforeEach(() => {
  printed.length = 0;
});
afterAll(() => {
  stdout.mockRestore();
  server.stop(true);
  rmSync(folder, { recursive: true });
});

const plain = (url: string) => {
  const addresses = () => ({ readModelUrl: url, gatewayUrl: url });
  return runTui({
    client: createApiClient({ addresses }),
    addresses,
    version: "1.0.0",
    env: { XDG_CONFIG_HOME: folder },
    plain: true,
    ascii: true,
  });
};

test("--plain prints the overview once and exits with 0; --ascii limits it to ASCII", async () => {
  expect(await plain(`http://127.0.0.1:${server.port}`)).toBe(0);
  const text = printed.join("");
  expect(text).toContain("12,480 completed");
  expect(text).toContain("balanced");
  expect(text).toMatch(/^[ -~\n]*$/);
});

test("--plain exits with 1 and reports that no service answers", async () => {
  expect(await plain("http://127.0.0.1:9")).toBe(1);
  expect(printed.join("")).toContain("Nothing is running here");
});
