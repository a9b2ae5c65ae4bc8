import { join } from "node:path";
import { findFreePort } from "../../tui/engines/port.ts";
import { command, type ServiceProcess, startService } from "./service-process.ts";
import { eventually } from "./wait.ts";
import type { World } from "./world.ts";

const ROOT = join(import.meta.dir, "../..");

/**
 * Starts the page's server and web-pty, the terminal service, for a running system (a world), each in its own process.
 */
export async function startPageSystem(
  world: Pick<World, "gateway" | "readModel">,
  env: Readonly<Record<string, string>> = {},
) {
  const ptyPort = await findFreePort();
  const pagePort = await findFreePort();
  const startTerminals = () =>
    startService("web-pty", {
      PTY_WS_PORT: String(ptyPort),
      PTY_TUI_BINARY: JSON.stringify([process.execPath, join(ROOT, "tui/main.ts")]),
      PTY_TRUSTED_PROXIES: "127.0.0.1",
      GATEWAY_URL: world.gateway(),
      READ_MODEL_URL: world.readModel(),
      ...env,
    });
  const startPage = async () => {
    const child = Bun.spawn(command("web-ui"), {
      cwd: ROOT,
      env: {
        PATH: process.env.PATH ?? "",
        HOME: process.env.HOME ?? "",
        LOG_LEVEL: "warn",
        SERVICE: "web-ui",
        PORT: String(pagePort),
        PTY_URL: `ws://127.0.0.1:${ptyPort}/ws`,
        GATEWAY_URL: world.gateway(),
        READ_MODEL_URL: world.readModel(),
      },
      stdout: "ignore",
      stderr: "inherit",
    });
    await eventually(async () => (await fetch(`${url}/readyz`)).ok, { what: "the page's server" });
    return child;
  };
  const url = `http://127.0.0.1:${pagePort}`;
  let terminals: ServiceProcess = await startTerminals();
  let page = await startPage();
  return {
    url,
    get terminals() {
      return terminals;
    },
    async killTerminals() {
      await terminals.kill();
    },
    async restartTerminals() {
      terminals = await startTerminals();
    },
    /** Simulates a lost network: kills the page's server, which breaks every socket, and starts it again. */
    async breakNetwork() {
      page.kill("SIGKILL");
      await page.exited;
      page = await startPage();
    },
    async [Symbol.asyncDispose]() {
      page.kill("SIGTERM");
      await Promise.all([page.exited, terminals.stop()]);
    },
  };
}
