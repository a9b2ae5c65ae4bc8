import { Type } from "@sinclair/typebox";
import { BASE_CONFIG, Url } from "../../shared/config.ts";

export const Config = Type.Object({
  ...BASE_CONFIG,
  PORT: Type.Integer({
    default: 3001,
    minimum: 0,
    maximum: 65_535,
    description: "Port for health checks, metrics and commands",
  }),
  BUS_URL: Url(["amqp", "amqps", "postgres", "postgresql"], { description: "The message bus" }),
  DATABASE_URL: Url(["postgres", "postgresql"], { description: "The job store" }),
  DATABASE_POOL: Type.Integer({
    default: 6,
    minimum: 2,
    maximum: 100,
    description: "Connections to the job store",
  }),
  CONCURRENCY: Type.Integer({
    default: 64,
    minimum: 1,
    maximum: 10_000,
    description: "Jobs that run at the same time",
  }),
  LEASE_MS: Type.Integer({
    default: 15_000,
    minimum: 500,
    maximum: 3_600_000,
    description: "How long after its last heartbeat a processor is presumed dead",
  }),
  JOB_RETENTION_HOURS: Type.Integer({
    default: 72,
    minimum: 1,
    maximum: 87_600,
    description: "How long completed jobs, cancelled jobs and handled dead letters are kept",
  }),
  FAILED_JOB_RETENTION_HOURS: Type.Integer({
    default: 336,
    minimum: 1,
    maximum: 87_600,
    description: "How long failed and rejected jobs and their dead letters are kept",
  }),
  HTTP_CHECK_ALLOW: Type.String({
    default: "127.0.0.0/8,::1/128",
    description: "Addresses that http-check may reach, as ranges separated by commas",
  }),
});
export type Config = typeof Config.static;
