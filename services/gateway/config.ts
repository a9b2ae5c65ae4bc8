import { Type } from "@sinclair/typebox";
import { BASE_CONFIG, Url } from "../../shared/config.ts";

export const Config = Type.Object({
  ...BASE_CONFIG,
  PORT: Type.Integer({ default: 3000, minimum: 0, maximum: 65_535, description: "Port of the API" }),
  BUS_URL: Url(["amqp", "amqps", "postgres", "postgresql"], { description: "The message bus" }),
  PROCESSOR_URL: Type.String({
    default: "http://127.0.0.1:3001",
    pattern: "^https?://[^,]+(,https?://[^,]+)*$",
    description: "Processor base URLs for commands, separated by commas",
  }),
  READ_MODEL_URL: Type.String({
    default: "http://localhost:8080",
    pattern: "^https?://.+",
    description: "Where callers reach the read model; GET /jobs/{id} redirects there",
  }),
  MAX_PAYLOAD_BYTES: Type.Integer({
    default: 65_536,
    minimum: 1,
    maximum: 1_048_576,
    description: "Largest payload of a job",
  }),
  MAX_BATCH_BYTES: Type.Integer({
    default: 8_388_608,
    minimum: 1_024,
    maximum: 134_217_728,
    description: "Largest body of a batch",
  }),
  READ_ONLY: Type.Boolean({
    default: false,
    description: "Refuse jobs and commands, so that the page and the API are view-only",
  }),
  MAX_IN_FLIGHT: Type.Integer({
    default: 20_000,
    minimum: 1,
    maximum: 1_000_000,
    description: "Maximum number of jobs awaiting a publisher confirm",
  }),
});
export type Config = typeof Config.static;
