import { expect, test } from "bun:test";
import { startPty } from "./terminal.ts";

const env = { PATH: process.env.PATH ?? "", TERM: "xterm-256color" };

/** Starts a command on a PTY and collects its output. */
function start(...command: string[]) {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const pty = startPty({
    command,
    env,
    cols: 80,
    rows: 24,
    onData(chunk) {
      bytes += chunk.length;
      if (bytes < 10_000_000) chunks.push(chunk.slice());
    },
  });
  return { pty, text: () => Buffer.concat(chunks).toString(), bytes: () => bytes };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(5);
}

test("output that a command writes just before it ends is not lost", async () => {
  const { pty, bytes, text } = start(
    "sh",
    "-c",
    "head -c 3000000 /dev/zero | tr '\\0' x; printf END; exit 3",
  );
  expect(await pty.ended).toEqual({ code: 3, signal: null });
  expect(bytes()).toBe(3_000_003);
  expect(text().endsWith("xEND")).toBe(true);
});

test("the end of a command is reported even if its child keeps the terminal open", async () => {
  const { pty, text } = start("sh", "-c", "sleep 30 & echo done");
  expect((await pty.ended).code).toBe(0);
  expect(text()).toContain("done");
});

test("output stops after a pause, once the terminal's buffer is drained, and continues after a resume", async () => {
  const { pty, bytes } = start("yes", "0123456789");
  await until(() => bytes() > 1_000_000);
  expect(pty.pause()).toBe(true);
  let seen = -1;
  // Once no byte arrives between two checks, all output in flight has been delivered.
  while (seen !== bytes()) {
    seen = bytes();
    await Bun.sleep(100);
  }
  const stoppedAt = bytes();
  pty.resume();
  await until(() => bytes() > stoppedAt + 1_000_000);
  pty.pause();
  const interruptedAt = performance.now();
  pty.write(Buffer.from("\x03"));
  expect((await pty.ended).signal).toBe("SIGINT");
  expect(performance.now() - interruptedAt).toBeLessThan(1_500);
});

test("a command is notified of its terminal's new size, and receives SIGHUP when the terminal is closed", async () => {
  const { pty, text } = start("sh", "-c", "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done");
  await until(() => text().includes("ready"));
  pty.resize(91, 17);
  await until(() => text().includes("17 91"));
  pty.end();
  expect((await pty.ended).signal).toBe("SIGHUP");
});

test("starting a command that does not exist throws", () => {
  expect(() => start("/nowhere/odd-dashboard")).toThrow();
});
