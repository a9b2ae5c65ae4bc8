import { expect, test } from "bun:test";
import { PLAIN } from "../../paint.ts";
import { doctorText } from "./doctor.ts";
import { installCommand } from "./install.ts";
import { coresCheck, diskCheck, memoryCheck, platformCheck } from "./machine.ts";
import { checkTerminal } from "./terminal.ts";

const GB = 1e9;

test("the check of an unsupported platform fails and names the platform", () => {
  expect(platformCheck("linux", "x64").status).toBe("OK");
  expect(platformCheck("freebsd", "x64")).toMatchObject({
    status: "FAIL",
    detail: "odd-dashboard does not support freebsd-x64",
    remedy: expect.stringContaining("darwin-arm64"),
  });
});

test.each([
  [coresCheck(1), "WARN", "slow"],
  [coresCheck(2), "WARN", "only the compose tier"],
  [coresCheck(8), "OK", "8 cores"],
  [memoryCheck(0.5 * GB, 0.1 * GB), "FAIL", "1 GB"],
  [memoryCheck(4 * GB, 2 * GB), "WARN", "only the compose tier"],
  [memoryCheck(16 * GB, 2 * GB), "OK", "16.0 GB"],
  [diskCheck(0.2 * GB, "/data"), "FAIL", "/data"],
  [diskCheck(5 * GB, "/data"), "WARN", "only the compose tier"],
  [diskCheck(50 * GB, "/data"), "OK", "50.0 GB"],
] as const)("%j", (check, status, words) => {
  expect([check.status, check.detail]).toEqual([status, expect.stringContaining(words)]);
  expect(check.remedy !== undefined).toBe(status !== "OK");
});

test("a terminal's size, colors and locale are checked", () => {
  const statuses = (size: object, env: Record<string, string>) =>
    checkTerminal({ isTTY: true, ...size }, env, "linux").map(({ status }) => status);
  const good = { TERM: "xterm-256color", LANG: "en_GB.UTF-8" };
  expect(statuses({ columns: 80, rows: 24 }, good)).toEqual(["OK", "OK", "OK"]);
  expect(statuses({ columns: 60, rows: 20 }, { TERM: "dumb", LANG: "C" })).toEqual(["WARN", "WARN", "WARN"]);
  // LC_ALL takes precedence over LANG.
  expect(statuses({ columns: 80, rows: 24 }, { ...good, LC_ALL: "POSIX" })[2]).toBe("WARN");
  expect(checkTerminal({ isTTY: false }, good, "linux")[0]?.status).toBe("OK");
});

test("the remedy is the platform's install command, or a page if there is no command", () => {
  const kind = { brew: "kind", winget: "Kubernetes.kind", page: "https://kind.sigs.k8s.io" };
  expect(installCommand(kind, "darwin")).toBe("brew install kind");
  expect(installCommand(kind, "win32")).toBe("winget install Kubernetes.kind");
  expect(installCommand({ page: kind.page }, "linux")).toContain(kind.page);
});

test("each check is printed with its status, and with its remedy below", () => {
  const check = { id: "a", name: "alpha", detail: "fine\x1b[31m" };
  const report = {
    ok: false,
    checks: [
      { ...check, status: "OK" as const },
      { ...check, status: "FAIL" as const, remedy: "repair it" },
    ],
  };
  expect(doctorText(report, { paint: PLAIN, width: 80, now: 0 })).toBe(
    "OK    alpha  fine\nFAIL  alpha  fine\n             → repair it\n\n1 OK, 0 WARN, 1 FAIL",
  );
});
