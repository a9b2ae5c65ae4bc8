import { expect, test } from "bun:test";
import { checkTerminal } from "./cli/doctor/terminal.ts";
import { withOwnTerminal } from "./run-launcher.ts";

test("the setup shows the size of this terminal, not of the pipe that the doctor writes to", () => {
  const env = { TERM: "xterm-256color", LANG: "C.UTF-8" };
  const piped = checkTerminal({}, env, "linux");
  const disk = { id: "disk", name: "disk", status: "OK", detail: "20 GB free" } as const;
  expect(piped.map(({ detail }) => detail)).toContain("not checked: output is not a terminal");
  const own = checkTerminal({ isTTY: true, columns: 120, rows: 40 }, env, "linux");
  const shown = withOwnTerminal([disk, ...piped], own);
  expect(shown.map(({ id, detail }) => [id, detail])).toEqual([
    ["disk", "20 GB free"],
    ["terminal-size", "120×40"],
    ["colours", "256"],
    ["utf-8", "C.UTF-8"],
  ]);
});
