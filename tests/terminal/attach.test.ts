import { afterEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PTY_PROTOCOL } from "../../contracts/pty.ts";
import { findFreePort } from "../../tui/engines/port.ts";
import { linesAround } from "../support/lines-around.ts";
import { cliCommand, startCli } from "../support/odd-dashboard.ts";
import { connectPty } from "../support/pty-client.ts";
import { startService } from "../support/service-process.ts";
import { createTcpProxy } from "../support/tcp-proxy.ts";
import { openTerminal } from "./odd-dashboard.ts";

const SIZE = { cols: 80, rows: 24 };
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** Starts a web-pty whose terminals run a shell, and returns its port. */
async function startPty(env: Readonly<Record<string, string>> = {}): Promise<number> {
  const port = await findFreePort();
  const service = await startService("web-pty", {
    PTY_WS_PORT: String(port),
    PTY_TUI_BINARY: '["sh", "-c", "PS1=ready: exec sh"]',
    ...env,
  });
  undo.push(() => service.stop());
  return port;
}

/** Runs `odd-dashboard attach` in a shell that then prints the exit code and the terminal's settings. */
function attach(url: string, env: Record<string, string> = {}) {
  const line = [...cliCommand(), "attach", url].map((word) => `'${word}'`).join(" ");
  const script = `${line}; echo "ended $?"; stty -a | tr ' ;' '\\n\\n' | grep -x -e '-\\?icanon' -e '-\\?echo'; exec cat`;
  const terminal = openTerminal(["sh", "-c", script], SIZE, env);
  undo.push(() => terminal[Symbol.asyncDispose]());
  return terminal;
}

test("an attached terminal takes input, follows resizes, passes on Ctrl-C and reports its exit code, and the local terminal is restored", async () => {
  const terminal = attach(`http://127.0.0.1:${await startPty()}`);
  await terminal.shows("ready:");
  terminal.type("stty size\r");
  await terminal.shows("24 80");
  terminal.resize({ cols: 90, rows: 20 });
  terminal.type("stty size\r");
  await terminal.shows("20 90");
  terminal.type("sleep 100; echo after $?\r");
  await terminal.shows("sleep 100");
  terminal.type("\x03");
  terminal.type("printf '\\033[?1049h'; exit 3\r");
  await terminal.shows("The program exited with code 3");
  await terminal.shows(/ended 1\s+icanon\s+echo/);
  expect((await terminal.modes()).isAlternate).toBe(false);
});

test("after a lost connection, the same shell continues without a gap; Ctrl-] detaches", async () => {
  const proxy = await createTcpProxy({ targetPort: await startPty() });
  undo.push(() => proxy.close());
  const terminal = attach(`http://localhost:${proxy.port}`);
  await terminal.shows("ready:");
  terminal.type("for i in 1 2 3 4 5 6 7 8; do echo line $i of $$; sleep 0.2; done\r");
  await terminal.shows(/line 2 of \d+/);
  proxy.cut();
  proxy.restore();
  const screen = await terminal.shows(/line 8 of \d+/);
  expect([...screen.matchAll(/line (\d) of \d+/g)].map(([, n]) => Number(n))).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8,
  ]);
  expect(new Set([...screen.matchAll(/of (\d+)/g)].map(([, pid]) => pid)).size).toBe(1);

  proxy.cut();
  await terminal.shows("The connection was lost; trying again");
  proxy.restore();
  // The service redraws its own screen, which does not contain the notice.
  await terminal.shows(/^(?!.*trying again).*line 8 of/s);
  terminal.type("echo back in $$\r");
  await terminal.shows(/back in \d+/);
  terminal.type("\x1d");
  await terminal.shows(/ended 0\s+icanon\s+echo/);
});

test("an open but silent connection is replaced, and the output that it lost appears exactly once", async () => {
  const folder = await mkdtemp(join(tmpdir(), "observatory-attach-"));
  undo.push(() => rm(folder, { recursive: true }));
  const go = join(folder, "go");
  const proxy = await createTcpProxy({
    targetPort: await startPty({ PTY_TUI_BINARY: JSON.stringify(["sh", "-c", linesAround(go)]) }),
  });
  undo.push(() => proxy.close());
  const terminal = attach(`http://localhost:${proxy.port}`);
  await terminal.shows(/line 1 of \d+/);
  // From here on, the network drops all data without closing the connection, as after a change of IP address.
  proxy.strand();
  await Bun.write(go, "");
  await terminal.shows("The connection was lost; trying again", 60_000);
  const screen = await terminal.shows(/^(?!.*trying again).*line 5 of/s);
  const lines = [...screen.matchAll(/line (\d) of (\d+)/g)];
  expect(lines.map(([, n]) => n).join("")).toBe("12345");
  expect(new Set(lines.map(([, , pid]) => pid)).size).toBe(1);
}, 90_000);

test("Ctrl-C ends the wait for a service that is down", async () => {
  const proxy = await createTcpProxy({ targetPort: await startPty() });
  undo.push(() => proxy.close());
  const terminal = attach(`http://localhost:${proxy.port}`);
  await terminal.shows("ready:");
  proxy.cut();
  await terminal.shows("trying again");
  terminal.type("\x03");
  await terminal.shows(/ended 0\s+icanon\s+echo/);
});

test("a watch link shows the terminal without passing on keys, and Ctrl-C detaches", async () => {
  const port = await startPty();
  const driver = await connectPty({ url: `ws://127.0.0.1:${port}/ws` });
  undo.push(driver.close);
  driver.say({ type: "open", ...SIZE });
  await driver.hears("session");
  driver.say({ type: "share", as: "watch" });
  const { token } = await driver.hears("link");
  const watcher = attach(`http://127.0.0.1:${port}/#/watch/${token}`);
  await watcher.shows("ready:");
  watcher.type("echo intruder\r");
  driver.type("echo from the driver\r");
  await watcher.shows("from the driver");
  expect(driver.text()).not.toContain("intruder");
  watcher.type("\x03");
  await watcher.shows("ended 0");
});

test("the right token opens the terminal; if there is no token, the message names the variable to set", async () => {
  const token = "a long enough secret";
  const url = `http://127.0.0.1:${await startPty({ PTY_AUTH_TOKEN: token })}`;
  const without = attach(url);
  await without.shows("This terminal needs a token. Set PTY_AUTH_TOKEN");
  await without.shows("ended 3");
  const wrong = attach(url, { PTY_AUTH_TOKEN: "another long secret" });
  await wrong.shows("The token is wrong");
  const right = attach(url, { PTY_AUTH_TOKEN: token });
  await right.shows("ready:");
  right.type("exit\r");
  await right.shows("ended 0");
});

test("a failed attach prints one sentence with a remedy", async () => {
  const nowhere = attach("http://127.0.0.1:9");
  await nowhere.shows("No terminal service answers at ws://127.0.0.1:9/ws");
  await nowhere.shows("ended 4");
  const program = attach(`http://127.0.0.1:${await startPty({ PTY_TUI_BINARY: "/nowhere/program" })}`);
  await program.shows("The terminal program could not be started. Check PTY_TUI_BINARY.");
  await program.shows("ended 3");
  const forbidding = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response("<h1>Forbidden</h1>", { status: 403 }),
  });
  undo.push(() => forbidding.stop(true));
  const forbidden = attach(`http://127.0.0.1:${forbidding.port}`);
  await forbidden.shows("refuses requests from this client");
  await forbidden.shows("ended 3");
  const piped = await startCli(["attach"], {}, "").ended();
  expect(piped.code).toBe(2);
  expect(piped.err).toContain("attach needs a terminal");
});

test("attaching to a service that is at its connection limit prints the service's reason", async () => {
  const port = await startPty({ PTY_GLOBAL_CAP: "1" });
  for (let i = 0; i < 4; i++) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, PTY_PROTOCOL);
    undo.push(() => socket.close());
    await new Promise((resolve) => socket.addEventListener("open", resolve));
  }
  const terminal = attach(`http://127.0.0.1:${port}`);
  await terminal.shows("could not open a terminal: 4 connections");
  await terminal.shows("ended 4");
});
