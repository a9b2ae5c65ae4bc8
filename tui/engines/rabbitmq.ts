import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Engine, EngineOptions } from "./engine.ts";
import { findRabbitmqHome } from "./locate.ts";
import { exchange, findFreePort } from "./port.ts";
import { lightHome } from "./rabbitmq-home.ts";
import { type Ports, serverEnvironment } from "./rabbitmq-settings.ts";
import { runEngine } from "./run-engine.ts";

export interface RabbitmqEngine extends Engine {
  /** The port for Prometheus metrics: `/metrics`, or `/metrics/per-object` for a series per queue. */
  readonly metricsPort: number;
  /** The port for the HTTP API, for user guest. The API's statistics are disabled. */
  readonly managementPort: number;
  /** Creates a virtual host in about 15 ms and resolves with its URL. */
  createVhost(name: string): Promise<string>;
  /** Deletes a virtual host with its connections and queues; does nothing if it does not exist. */
  deleteVhost(name: string): Promise<void>;
}

/** Starts a private RabbitMQ with user guest, without the epmd daemon that RabbitMQ usually leaves behind. */
export async function startRabbitmq(options: EngineOptions): Promise<RabbitmqEngine> {
  const home = findRabbitmqHome();
  if (!home) throw new Error("Could not start RabbitMQ: no rabbitmq-server on the PATH");
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  const ports: Ports = {
    amqp: options.port ?? (await findFreePort()),
    distribution: await findFreePort(),
    metrics: await findFreePort(),
    management: await findFreePort(),
  };
  const light = lightHome(home, join(dataDir, "home"));
  const url = `amqp://guest:guest@127.0.0.1:${ports.amqp}`;

  const engine = await runEngine(
    {
      name: "rabbitmq",
      product: `RabbitMQ ${versionOf(home)}`,
      url,
      port: ports.amqp,
      command: [join(light, "sbin", "rabbitmq-server")],
      env: serverEnvironment(dataDir, light, cookieOf(dataDir), ports),
      stopSignal: "SIGTERM",
      startMs: 90_000,
      stopMs: 30_000,
      answers: () => greets(ports.amqp),
      // After logging this text, RabbitMQ before 3.13.3 sleeps 5 s for statistics that nothing reads, so it is killed
      // after 1.5 s. Nothing is lost: messages are on disk by then, and the names of new quorum queues are written half
      // a second after the last queue was created.
      lastWords: { text: "Management plugin: to stop collect_statistics", ms: 1_500 },
    },
    { ...options, dataDir },
  );
  // Extends the engine itself, because spreading it would replace the getter `pid` with its current value.
  return Object.assign(engine, {
    metricsPort: ports.metrics,
    managementPort: ports.management,
    async createVhost(name: string) {
      await callApi(ports.management, "PUT", `vhosts/${encodeURIComponent(name)}`);
      return `${url}/${encodeURIComponent(name)}`;
    },
    async deleteVhost(name: string) {
      await callApi(ports.management, "DELETE", `vhosts/${encodeURIComponent(name)}`);
    },
  });
}

/** AMQP 0-9-1, section 4.2.2: a ready server answers the protocol header with a method frame, type 1. */
async function greets(port: number): Promise<boolean> {
  const answer = await exchange(port, "AMQP\x00\x00\x09\x01");
  return answer?.[0] === 1;
}

async function callApi(port: number, method: "PUT" | "DELETE", path: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/api/${path}`, {
    method,
    headers: { authorization: `Basic ${btoa("guest:guest")}` },
    signal: AbortSignal.timeout(10_000),
  });
  if (response.ok || (method === "DELETE" && response.status === 404)) return;
  throw new Error(`RabbitMQ answered ${response.status} to ${method} ${path}: ${await response.text()}`);
}

/** Returns the secret cookie of Erlang's distribution protocol. Anyone who has it can run code in the broker. */
function cookieOf(dataDir: string): string {
  const file = join(dataDir, "cookie");
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString("hex"), { mode: 0o600 });
  return readFileSync(file, "utf8");
}

function versionOf(home: string): string {
  const rabbit = readdirSync(join(home, "plugins")).find((name) => /^rabbit-\d/.test(name));
  return /^rabbit-([\d.]+\d)/.exec(rabbit ?? "")?.[1] ?? "(unknown version)";
}
