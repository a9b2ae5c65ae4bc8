import { findFreePort } from "../../tui/engines/port.ts";
import { connectPty, type PtyClient, type PtyClientOptions } from "../support/pty-client.ts";
import { startService } from "../support/service-process.ts";

export const SIZE = { cols: 80, rows: 24 };

/** Starts a web-pty for a test; its terminals run a shell without a prompt. */
export async function startPty(env: Readonly<Record<string, string>> = {}) {
  const port = await findFreePort();
  const service = await startService("web-pty", {
    PTY_WS_PORT: String(port),
    PTY_TUI_BINARY: '["sh", "-c", "stty -echo; PS1= exec sh"]',
    ...env,
  });
  const url = `ws://127.0.0.1:${port}/ws`;
  const clients: PtyClient[] = [];
  const closeClients = () => {
    for (const client of clients.splice(0)) client.close();
  };
  return {
    service,
    port,
    url,
    async connect(options: Omit<PtyClientOptions, "url"> = {}): Promise<PtyClient> {
      const client = await connectPty({ url, ...options });
      clients.push(client);
      return client;
    },
    async open(options: Omit<PtyClientOptions, "url"> = {}): Promise<PtyClient> {
      const client = await this.connect(options);
      client.say({ type: "open", ...SIZE });
      await client.hears("session");
      return client;
    },
    async metric(name: string): Promise<number> {
      const text = await (await fetch(`${service.url}/metrics`)).text();
      return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, "m").exec(text)?.[1]);
    },
    closeClients,
    async [Symbol.asyncDispose]() {
      closeClients();
      await service.stop();
    },
  };
}
export type StartedPty = Awaited<ReturnType<typeof startPty>>;
