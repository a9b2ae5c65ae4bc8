import { describe, expect, test } from "bun:test";
import { eventually } from "../support/wait.ts";
import { SIZE, startPty } from "./started-pty.ts";

describe("access to web-pty", () => {
  test("refuses a wrong Origin or Host and names the setting to change; accepts its own origin and that of the web page", async () => {
    await using pty = await startPty();
    const ask = (headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${pty.port}/ws`, {
        headers: { upgrade: "websocket", connection: "upgrade", ...headers },
      });
    for (const [name, value] of [
      ["origin", "https://evil.example"],
      ["host", "evil.example"],
      ["origin", "null"],
    ] as const) {
      const reply = await ask({ [name]: value });
      expect(reply.status).toBe(403);
      expect(await reply.text()).toContain("ALLOWED_ORIGINS");
    }
    expect(pty.service.lines.join("\n")).toContain("https://evil.example");
    for (const origin of ["http://localhost:8081", `http://127.0.0.1:${pty.port}`])
      (await pty.connect({ headers: { origin } })).close();
  });

  test("with a token set, only a ticket for that token opens a terminal, and only once", async () => {
    const token = "a long enough secret";
    await using pty = await startPty({ PTY_AUTH_TOKEN: token });
    const ticketOf = async (authorization: string) => {
      const reply = await fetch(`http://127.0.0.1:${pty.port}/ws/ticket`, {
        method: "POST",
        headers: { authorization },
      });
      return { status: reply.status, ...((await reply.json()) as { ticket?: string }) };
    };
    expect((await ticketOf("Bearer wrong")).status).toBe(401);
    const { ticket } = await ticketOf(`Bearer ${token}`);
    const codeFor = async (given?: string) => {
      const client = await pty.connect();
      client.say({ type: "open", ...SIZE, ...(given && { ticket: given }) });
      return (await Promise.race([client.hears("error"), client.hears("session")])).type === "session"
        ? "open"
        : client.told("error")?.code;
    };
    expect(await codeFor()).toBe("AUTH_REQUIRED");
    expect(await codeFor(ticket)).toBe("open");
    expect(await codeFor(ticket)).toBe("AUTH_FAILED");
    expect(pty.service.lines.join("\n")).not.toContain(token);
  });

  test("caps terminals per IP address and in total, even behind a proxy, and allows a new terminal once one has ended", async () => {
    await using pty = await startPty({
      PTY_PER_IP_CAP: "1",
      PTY_GLOBAL_CAP: "2",
      PTY_TRUSTED_PROXIES: "127.0.0.1",
    });
    const from = async (address: string) => {
      const client = await pty.connect({ headers: { "x-forwarded-for": address } });
      client.say({ type: "open", ...SIZE });
      await eventually(() => client.told("session") ?? client.told("error"), {
        what: "a session or an error",
      });
      return { client, code: client.told("error")?.code };
    };
    const first = await from("203.0.113.1");
    expect((await from("203.0.113.1")).code).toBe("PER_IP_CAP");
    expect((await from("203.0.113.2")).code).toBeUndefined();
    expect((await from("203.0.113.3")).code).toBe("GLOBAL_CAP");
    first.client.type("exit\r");
    await first.client.hears("exit");
    expect((await from("203.0.113.1")).code).toBeUndefined();
  });

  test("answers each of 200 concurrent connections with a terminal or a refusal", async () => {
    await using pty = await startPty({ PTY_PER_IP_CAP: "20", PTY_GLOBAL_CAP: "20" });
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, async () => {
        try {
          const client = await pty.connect();
          client.say({ type: "open", ...SIZE });
          await eventually(() => client.told("session") ?? client.told("error"), {
            what: "a session or an error",
            timeoutMs: 20_000,
          });
          return client.told("session") ? "open" : client.told("error")?.code;
        } catch {
          return "refused";
        }
      }),
    );
    expect(outcomes.filter((outcome) => outcome === "open")).toHaveLength(20);
    const refusals = new Set<string | undefined>(["GLOBAL_CAP", "PER_IP_CAP", "refused"]);
    expect(outcomes.filter((outcome) => outcome !== "open" && !refusals.has(outcome))).toEqual([]);
    expect((await fetch(`${pty.service.url}/readyz`)).status).toBe(200);
  }, 60_000);

  test("terminals are read-only by default if web-pty listens on any address other than loopback", async () => {
    await using open = await startPty({ BIND_ADDRESS: "0.0.0.0" });
    const client = await open.open();
    expect(client.told("session")?.readOnly).toBe(true);
    client.type("echo written\r");
    expect((await client.hears("notice")).code).toBe("READ_ONLY");
    await using allowed = await startPty({ BIND_ADDRESS: "0.0.0.0", PTY_READ_ONLY: "false" });
    expect((await allowed.open()).told("session")?.readOnly).toBe(false);
  });
});
