import { expect, test } from "bun:test";
import { checkTerminal } from "./cli/doctor/terminal.ts";
import type { Message } from "./message.ts";
import { runInstall, withOwnTerminal } from "./run-launcher.ts";

test("the setup screen shows this terminal's size, although the doctor writes to a pipe", () => {
  const env = { TERM: "xterm-256color", LANG: "C.UTF-8" };
  const piped = checkTerminal({}, env, "linux");
  const disk = { id: "disk", name: "disk", status: "OK", detail: "20 GB free" } as const;
  expect(piped.map(({ detail }) => detail)).toContain("not checked: output is not a terminal");
  const own = checkTerminal({ isTTY: true, columns: 120, rows: 40 }, env, "linux");
  const shown = withOwnTerminal([disk, ...piped], own);
  expect(shown.map(({ id, detail }) => [id, detail])).toEqual([
    ["disk", "20 GB free"],
    ["terminal-size", "120×40"],
    ["colors", "256"],
    ["utf-8", "C.UTF-8"],
  ]);
});

test("an installation reports success, or its exit code and last error line", async () => {
  const run = async (command: string) => {
    const messages: Message[] = [];
    await runInstall(command, new AbortController().signal, (message) => messages.push(message));
    return messages;
  };
  expect(await run("true")).toEqual([
    { kind: "notice", text: "Installed", tone: "good" },
    { kind: "changed" },
  ]);
  expect((await run("echo first >&2; echo no such package >&2; exit 3"))[0]).toEqual({
    kind: "notice",
    text: "The command exited with code 3: no such package",
    tone: "bad",
  });
});
