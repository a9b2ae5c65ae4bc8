import { describe, expect, test } from "bun:test";
import type { PtyClient } from "../support/pty-client.ts";
import { type ServiceProcess, startService } from "../support/service-process.ts";
import { eventually } from "../support/wait.ts";
import { SIZE, startPty } from "./started-pty.ts";

describe("the lifetime of terminals and of web-pty", () => {
  async function pidOf(client: PtyClient): Promise<number> {
    client.type("echo pid $$\r");
    await client.sees("pid ");
    return Number(/pid (\d+)/.exec(client.text())?.[1]);
  }
  const isAlive = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  test("a terminal ends if its browser does not reconnect within the grace period", async () => {
    await using pty = await startPty({ PTY_DISCONNECT_GRACE_SECS: "1" });
    const client = await pty.open();
    const pid = await pidOf(client);
    client.drop();
    await eventually(async () => (await pty.metric("observatory_pty_sessions_disconnected")) === 1, {
      what: "the session to be detached",
    });
    await eventually(() => !isAlive(pid), { what: "the shell to end" });
    expect(await pty.metric("observatory_pty_sessions_active")).toBe(0);
  });

  test("an idle terminal is closed", async () => {
    await using pty = await startPty({ PTY_IDLE_TIMEOUT_SECS: "1" });
    const client = await pty.open();
    expect(await client.closed).toEqual({ code: 1000, reason: "idle-over" });
  });

  test("SIGTERM notifies every browser and ends every command", async () => {
    await using pty = await startPty();
    const client = await pty.open();
    const pid = await pidOf(client);
    expect(await pty.service.stop()).toBe(0);
    expect((await client.hears("error")).code).toBe("STOPPING");
    expect(isAlive(pid)).toBe(false);
  });

  test("a missing program yields an error with a remedy", async () => {
    await using pty = await startPty({ PTY_TUI_BINARY: "/nowhere/odd-dashboard" });
    const client = await pty.connect();
    client.say({ type: "open", ...SIZE });
    expect(await client.hears("error")).toMatchObject({
      code: "PTY_SPAWN_FAILED",
      remedy: "Check PTY_TUI_BINARY",
    });
  });

  test("a faulty setting is named in the log, and the service exits with 1", async () => {
    const faulty = { PTY_TUI_BINARY: "[", PTY_PER_IP_CAP: "0" };
    const service: ServiceProcess = await startService("web-pty", faulty, { ready: false });
    expect(await service.ended).toBe(1);
    expect(service.lines.join("\n")).toContain("PTY_PER_IP_CAP");
  });
});
