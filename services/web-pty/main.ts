import { parseAddressRanges } from "../../shared/address-ranges.ts";
import { createEdge } from "../../shared/http/edge.ts";
import { listen } from "../../shared/http/listen.ts";
import { createOps } from "../../shared/http/ops.ts";
import { createOriginPolicy } from "../../shared/http/origin.ts";
import { runService, type ServiceContext } from "../../shared/service.ts";
import { createAccess } from "./access.ts";
import { createApp } from "./app.ts";
import { childEnvironment, isLoopback, parseCommand } from "./command.ts";
import { Config } from "./config.ts";
import { registerMetrics } from "./metrics.ts";
import { createTickets } from "./secrets.ts";
import { createSessions, type Sessions } from "./session-registry.ts";
import { serveSockets } from "./socket.ts";
import versionText from "./VERSION" with { type: "text" };

/** Number of scrollback lines that a snapshot restores. */
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
}: ServiceContext<Config>): Promise<void> {
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
