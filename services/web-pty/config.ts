import { Type } from "@sinclair/typebox";
import { BASE_CONFIG, Secret, Url } from "../../shared/config.ts";

const positive = (preset: number, maximum: number, description: string) =>
  Type.Integer({ default: preset, minimum: 1, maximum, description });

export const Config = Type.Object({
  ...BASE_CONFIG,
  PTY_WS_PORT: Type.Integer({
    default: 9000,
    minimum: 0,
    maximum: 65_535,
    description: "Port for terminals",
  }),
  PTY_METRICS_PORT: Type.Integer({
    default: 9001,
    minimum: 0,
    maximum: 65_535,
    description: "Port for health checks and metrics",
  }),
  PTY_TUI_BINARY: Type.String({
    default: "odd-dashboard",
    minLength: 1,
    description: "Program to run in each terminal: a path, or a JSON array of the command and its arguments",
  }),
  PTY_AUTH_TOKEN: Type.Optional(
    Secret(
      Type.String({ minLength: 16, maxLength: 512, description: "Bearer token required to open terminals" }),
    ),
  ),
  PTY_READ_ONLY: Type.Optional(
    Type.Boolean({
      description: "Refuse all input; defaults to true unless the service listens on loopback or has a token",
    }),
  ),
  PTY_IDLE_TIMEOUT_SECS: positive(1_800, 604_800, "How long a terminal without input stays open"),
  PTY_DISCONNECT_GRACE_SECS: positive(30, 86_400, "How long a terminal waits for its browser to return"),
  PTY_TOKEN_LIFETIME_SECS: positive(86_400, 604_800, "How long a reconnect token is valid"),
  PTY_PER_IP_CAP: positive(5, 10_000, "Maximum number of terminals per client address"),
  PTY_GLOBAL_CAP: positive(50, 10_000, "Maximum number of terminals in total"),
  PTY_TRUSTED_PROXIES: Type.String({
    default: "",
    description: "Proxies whose X-Forwarded-For is trusted, as address ranges separated by commas",
  }),
  PTY_MAX_OUTPUT_QUEUE_BYTES: Type.Integer({
    default: 1_048_576,
    minimum: 262_144,
    maximum: 67_108_864,
    description: "Output bytes kept per terminal for slow browsers and reconnects",
  }),
  PTY_REPLAY_MAX_FRAMES: Type.Integer({
    default: 16_384,
    minimum: 64,
    maximum: 1_000_000,
    description: "Output chunks kept per terminal",
  }),
  PTY_MAX_FRAME_BYTES: Type.Integer({
    default: 65_536,
    minimum: 1_024,
    maximum: 1_048_576,
    description: "Largest frame a browser may send",
  }),
  PTY_INPUT_BYTES_PER_SEC: Type.Integer({
    default: 1_048_576,
    minimum: 1_024,
    maximum: 67_108_864,
    description: "Input rate limit per browser",
  }),
  GATEWAY_URL: Url(["http", "https"], {
    default: "http://localhost:3000",
    description: "Gateway that the program in the terminal calls",
  }),
  READ_MODEL_URL: Url(["http", "https"], {
    default: "http://localhost:8080",
    description: "Read model that the program in the terminal queries",
  }),
});
export type Config = typeof Config.static;
