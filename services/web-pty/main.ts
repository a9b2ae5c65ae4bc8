import { Type } from "@sinclair/typebox";
import { parseAddressRanges } from "../../shared/address-ranges.ts";
import { BASE_CONFIG, Secret, Url } from "../../shared/config.ts";
import { createEdge } from "../../shared/http/edge.ts";
import { listen } from "../../shared/http/listen.ts";
import { createOps } from "../../shared/http/ops.ts";
import { createOriginPolicy } from "../../shared/http/origin.ts";
import { runService, type ServiceContext } from "../../shared/service.ts";
import { createAccess } from "./access.ts";
import { createApp } from "./app.ts";
import { childEnvironment, isLoopback, parseCommand } from "./command.ts";
import { registerMetrics } from "./metrics.ts";
import { createTickets } from "./secrets.ts";
import { createSessions, type Sessions } from "./sessions.ts";
import { serveSockets } from "./socket.ts";
import versionText from "./VERSION" with { type: "text" };

const seconds = (preset: number, maximum: number, description: string) =>
  Type.Integer({ default: preset, minimum: 1, maximum, description });

const Config = Type.Object({
  ...BASE_CONFIG,
  PTY_WS_PORT: Type.Integer({
    default: 9000,
    minimum: 0,
    maximum: 65_535,
    description: "Port of the terminals",
  }),
  PTY_METRICS_PORT: Type.Integer({
    default: 9001,
    minimum: 0,
    maximum: 65_535,
    description: "Port of operations",
  }),
  PTY_TUI_BINARY: Type.String({
    default: "odd-dashboard",
    minLength: 1,
    description: "The program of a terminal: a path, or a JSON array of the command and its arguments",
  }),
  PTY_AUTH_TOKEN: Type.Optional(
    Secret(Type.String({ minLength: 16, maxLength: 512, description: "Bearer token that opens terminals" })),
  ),
  PTY_READ_ONLY: Type.Optional(
    Type.Boolean({ description: "Refuse all input; on unless it listens on loopback or has a token" }),
  ),
  PTY_IDLE_TIMEOUT_SECS: seconds(1_800, 604_800, "How long a terminal without input stays open"),
  PTY_DISCONNECT_GRACE_SECS: seconds(30, 86_400, "How long a terminal waits for its browser to come back"),
  PTY_TOKEN_LIFETIME_SECS: seconds(86_400, 604_800, "How long a reconnect token is valid"),
  PTY_PER_IP_CAP: seconds(5, 10_000, "Terminals of one address"),
  PTY_GLOBAL_CAP: seconds(50, 10_000, "Terminals in all"),
  PTY_TRUSTED_PROXIES: Type.String({
    default: "",
    description: "Addresses whose X-Forwarded-For is believed, as ranges separated by commas",
  }),
  PTY_MAX_OUTPUT_QUEUE_BYTES: Type.Integer({
    default: 1_048_576,
    minimum: 262_144,
    maximum: 67_108_864,
    description: "Output kept of each terminal for slow browsers and reconnects",
  }),
  PTY_REPLAY_MAX_FRAMES: Type.Integer({
    default: 16_384,
    minimum: 64,
    maximum: 1_000_000,
    description: "Pieces of output kept of each terminal",
  }),
  PTY_MAX_FRAME_BYTES: Type.Integer({
    default: 65_536,
    minimum: 1_024,
    maximum: 1_048_576,
    description: "Largest frame that a browser may send",
  }),
  PTY_INPUT_BYTES_PER_SEC: Type.Integer({
    default: 1_048_576,
    minimum: 1_024,
    maximum: 67_108_864,
    description: "Fastest input of a browser",
  }),
  GATEWAY_URL: Url(["http", "https"], { default: "http://localhost:3000", description: "For the program" }),
  READ_MODEL_URL: Url(["http", "https"], {
    default: "http://localhost:8080",
    description: "For the program",
  }),
});

/** Lines above the screen that a snapshot restores. */
const SCROLLBACK = 1_000;
const MAX_VIEWERS = 16;
const TICKET_MS = 30_000;

async function start({
  service,
  version,
  config,
  log,
  life,
  metrics,
}: ServiceContext<typeof Config.static>): Promise<void> {
  const command = parseCommand(config.PTY_TUI_BINARY);
  const readOnly = config.PTY_READ_ONLY ?? !(isLoopback(config.BIND_ADDRESS) || config.PTY_AUTH_TOKEN);
  const ptyMetrics = registerMetrics(metrics, (): Sessions => sessions);
  const sessions = createSessions({
    command,
    env: childEnvironment(process.env, { ...config, readOnly }),
    readOnly,
    perAddressCap: config.PTY_PER_IP_CAP,
    globalCap: config.PTY_GLOBAL_CAP,
    limits: {
      idleMs: config.PTY_IDLE_TIMEOUT_SECS * 1_000,
      graceMs: config.PTY_DISCONNECT_GRACE_SECS * 1_000,
      tokenMs: config.PTY_TOKEN_LIFETIME_SECS * 1_000,
      queueBytes: config.PTY_MAX_OUTPUT_QUEUE_BYTES,
      replayChunks: config.PTY_REPLAY_MAX_FRAMES,
      scrollback: SCROLLBACK,
      maxViewers: MAX_VIEWERS,
    },
    log,
    metrics: ptyMetrics,
  });
  const access = createAccess({
    origins: createOriginPolicy(config.BIND_ADDRESS, config.ALLOWED_ORIGINS),
    trustedProxies: parseAddressRanges("PTY_TRUSTED_PROXIES", config.PTY_TRUSTED_PROXIES),
    token: config.PTY_AUTH_TOKEN,
    tickets: createTickets({ lifetimeMs: TICKET_MS, max: 1_000 }),
  });

  const app = createApp({
    edge: createEdge({
      log,
      metrics,
      bindAddress: config.BIND_ADDRESS,
      allowedOrigins: config.ALLOWED_ORIGINS,
    }),
    ops: createOps({ service, version, metrics, engines: {}, stopping: life.stopping }),
  });
  listen({ app, port: config.PTY_METRICS_PORT, bindAddress: config.BIND_ADDRESS, life, log });
  serveSockets({
    access,
    sessions,
    metrics: ptyMetrics,
    log,
    life,
    bindAddress: config.BIND_ADDRESS,
    port: config.PTY_WS_PORT,
    maxFrameBytes: config.PTY_MAX_FRAME_BYTES,
    inputBytesPerSecond: config.PTY_INPUT_BYTES_PER_SEC,
    maxConnections: config.PTY_GLOBAL_CAP * 4,
  });
  log.info("Ready", { command: command[0], readOnly });
}

await runService({
  service: "web-pty",
  summary: "streams the terminal interface to browsers",
  versionText,
  config: Config,
  healthPortVariable: "PTY_METRICS_PORT",
  start,
});
