import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { PROBLEMS, Problem } from "../../contracts/problem.ts";
import { findFreePort } from "../../tui/engines/port.ts";
import { describeUnless } from "../support/describe-unless.ts";
import { findNginx } from "../support/nginx.ts";
import { missingPrograms } from "../support/programs.ts";
import { connectPty } from "../support/pty-client.ts";
import { type ServiceProcess, startService } from "../support/service-process.ts";
import { eventually } from "../support/wait.ts";

const CONFIGURATION = join(import.meta.dir, "../../compose/nginx/observatory.conf");
const SIZE = { cols: 80, rows: 24 };

const nginx = findNginx();
const [reason] = missingPrograms(["nginx"]);

// Runs Compose's configuration in a real nginx. A second server simulates a client with another address.
describeUnless(reason, "nginx in front of web-pty", () => {
  let folder: string;
  let terminals: ServiceProcess;
  let front: Bun.Subprocess;
  let port: number;
  let otherPort: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "observatory-nginx-"));
    const ptyPort = await findFreePort();
    [port, otherPort] = [await findFreePort(), await findFreePort()];
    terminals = await startService("web-pty", {
      PTY_WS_PORT: String(ptyPort),
      PTY_TUI_BINARY: '["sh", "-c", "stty -echo; PS1= exec sh"]',
      PTY_TRUSTED_PROXIES: "127.0.0.1",
      PTY_PER_IP_CAP: "1",
    });
    const server = (await readFile(CONFIGURATION, "utf8"))
      .replace("listen 8081;", `listen 127.0.0.1:${port};`)
      .replace("http://web-pty:9000", `http://127.0.0.1:${ptyPort}`)
      // Nothing listens on this port.
      .replace("http://gateway:3000", "http://127.0.0.1:9")
      .replace("/usr/share/nginx/html", folder);
    await writeFile(join(folder, "nginx.conf"), configuration(folder, server, port, otherPort));
    front = Bun.spawn([nginx ?? "nginx", "-p", folder, "-e", "stderr", "-c", join(folder, "nginx.conf")], {
      stdout: "inherit",
      stderr: "inherit",
    });
    await eventually(async () => (await fetch(`http://127.0.0.1:${otherPort}/healthz`)).ok, {
      what: "nginx to answer",
    });
  }, 60_000);
  afterAll(async () => {
    front?.kill();
    await Promise.all([front?.exited, terminals?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  async function open(throughPort: number) {
    const origin = `http://127.0.0.1:${throughPort}`;
    const client = await connectPty({ url: `ws://127.0.0.1:${throughPort}/ws`, headers: { origin } });
    client.say({ type: "open", ...SIZE });
    await eventually(() => client.told("session") ?? client.told("error"), { what: "a session or an error" });
    return { client, code: client.told("error")?.code };
  }

  test("the cap on terminals applies to each client address separately", async () => {
    const first = await open(port);
    expect(first.code).toBeUndefined();
    expect((await open(port)).code).toBe("PER_IP_CAP");
    expect((await open(otherPort)).code).toBeUndefined();
    expect((await open(otherPort)).code).toBe("PER_IP_CAP");
    first.client.type("exit\r");
    await first.client.hears("exit");
    expect((await open(port)).code).toBeUndefined();
  });

  test("a client cannot forge its address", async () => {
    const client = await connectPty({
      url: `ws://127.0.0.1:${port}/ws`,
      headers: { origin: `http://127.0.0.1:${port}`, "x-forwarded-for": "203.0.113.9" },
    });
    client.say({ type: "open", ...SIZE });
    expect((await client.hears("error")).code).toBe("PER_IP_CAP");
  });

  test("an unreachable service yields the 502 that the contract defines; a service's own refusal passes through unchanged", async () => {
    const reply = await fetch(`http://127.0.0.1:${port}/gateway/jobs`);
    expect([reply.status, reply.headers.get("content-type")]).toEqual([502, "application/problem+json"]);
    const problem: unknown = await reply.json();
    expect(Value.Check(Problem, problem)).toBe(true);
    const { title, status } = PROBLEMS.UNREACHABLE;
    const correlationId = reply.headers.get("x-correlation-id");
    expect(problem).toEqual({ type: "about:blank", title, status, code: "UNREACHABLE", correlationId });
    const refused = await fetch(`http://127.0.0.1:${port}/ws`);
    expect(await refused.json()).toMatchObject({ status: 404, code: "ROUTE_NOT_FOUND" });
  });
});

function configuration(folder: string, server: string, port: number, otherPort: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join("\n  ");
  return `daemon off;
pid ${folder}/pid;
events {}
http {
  access_log off;
  ${temporary}
  ${server}
  server {
    listen 127.0.0.1:${otherPort};
    location / {
      proxy_bind 127.0.0.2;
      proxy_http_version 1.1;
      proxy_set_header Host 127.0.0.1:${port};
      proxy_set_header Origin http://127.0.0.1:${port};
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_pass http://127.0.0.1:${port};
    }
  }
}
`;
}
