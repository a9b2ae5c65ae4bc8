import type { Random } from "../support/random.ts";
import type { Target } from "./routes.ts";
import { anyValue, HOSTILE_TEXTS, nearlyValid, validValue } from "./values.ts";

/** Existing ids, cursors and jobs, so that valid requests do not end in a 404. */
export interface Known {
  readonly jobIds: readonly string[];
  readonly deadLetterIds: readonly string[];
  readonly cursors: readonly string[];
  readonly jobs: readonly Record<string, unknown>[];
  readonly types: readonly string[];
}

type Mood = "valid" | "nearly" | "hostile";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];
const HEADERS = [
  "content-type",
  "idempotency-key",
  "x-correlation-id",
  "traceparent",
  "last-event-id",
  "authorization",
  "origin",
  "accept",
  "range",
  "if-none-match",
  "expect",
  "__proto__",
];
const MEDIA_TYPES = [
  "application/json",
  "application/json; charset=utf-16",
  "text/plain",
  "",
  "application/vnd.x+json",
];
const RAW_BODIES = [
  "",
  "{",
  "[".repeat(50_000),
  `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`,
  '{"type":"sleep","type":"hash"}',
  '{"__proto__":{"type":"sleep"}}',
  "\ufeff{}",
  '"\\ud800"',
  "1e999",
  "null",
  "x".repeat(300_000),
];

/** Generates a valid, nearly valid or hostile request to a route, as bytes. */
export function makeRequest(target: Target, port: number, known: Known, random: Random): Buffer {
  const mood: Mood = random.pick(["valid", "valid", "nearly", "hostile"]);
  const method = mood === "hostile" && random.between(0, 3) === 0 ? random.pick(METHODS) : target.method;
  const path = pathOf(target, mood, known, random) + queryOf(target, mood, known, random);
  const body = bodyOf(target, mood, known, random);
  const headers = headersOf(target, mood, random, body !== undefined);
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${hostOf(mood, port, random)}`, ...headers];
  if (body) lines.push(`Content-Length: ${body.length}`);
  lines.push("Connection: close", "", "");
  return Buffer.concat([Buffer.from(lines.join("\r\n"), "latin1"), body ?? Buffer.alloc(0)]);
}

function pathOf(target: Target, mood: Mood, known: Known, random: Random): string {
  const part = (name: string) => {
    if (mood !== "valid" && random.between(0, 1) === 0) return encoded(random.pick(HOSTILE_TEXTS), random);
    if (name === "type") return encodeURIComponent(random.pick(known.types));
    const ids = target.path.includes("dead-letters") ? known.deadLetterIds : known.jobIds;
    return random.between(0, 3) === 0 ? crypto.randomUUID() : random.pick(ids);
  };
  const path = target.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => part(name));
  if (mood !== "hostile" || random.between(0, 5) > 0) return path;
  return random.pick([
    `${path}/`,
    `/${path}`,
    `${path}/%FF`,
    `${path}%00`,
    path.toUpperCase(),
    `${path}/../..`,
    "/",
    "*",
  ]);
}

/** Percent-encodes text, or sometimes leaves it raw if that does not break the request line. */
function encoded(text: string, random: Random): string {
  if (random.between(0, 3) === 0 && /^[!-~]+$/.test(text)) return text;
  return encodeURIComponent(text.toWellFormed());
}

function queryOf({ route }: Target, mood: Mood, known: Known, random: Random): string {
  const parts: string[] = [];
  for (const [name, schema] of Object.entries(route.query ?? {})) {
    const isNeeded = !Object.getOwnPropertySymbols(schema).some(({ description }) =>
      description?.includes("Optional"),
    );
    if (!isNeeded && random.between(0, 3) > 0) continue;
    const valid = name === "cursor" ? random.pick(known.cursors) : validValue(schema, random);
    const value = mood === "valid" || random.between(0, 1) === 0 ? valid : random.pick(HOSTILE_TEXTS);
    for (const one of [value].flat())
      parts.push(`${name.replace("<field>", "text")}=${encoded(String(one), random)}`);
  }
  if (mood !== "valid" && random.between(0, 3) === 0)
    parts.push(
      random.pick([
        "a=1",
        "=",
        "limit=%FF",
        "limit",
        "limit=1&limit=2",
        "payload.=1",
        "payload.a.b=1",
        "&&",
        "[]=1",
      ]),
    );
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

function hostOf(mood: Mood, port: number, random: Random): string {
  if (mood !== "hostile" || random.between(0, 7) > 0) return `127.0.0.1:${port}`;
  return random.pick(["localhost:99999", "evil.example", "", "a b/c?", "[::1]:1", "127.0.0.1:1:1", "%FF"]);
}

function headersOf({ route }: Target, mood: Mood, random: Random, hasBody: boolean): string[] {
  const lines: string[] = [];
  if (hasBody)
    lines.push(`Content-Type: ${mood === "hostile" ? random.pick(MEDIA_TYPES) : "application/json"}`);
  for (const [name, schema] of Object.entries(route.headers ?? {}))
    if (random.between(0, 2) === 0) lines.push(`${name}: ${String(validValue(schema, random))}`);
  if (mood === "hostile" && random.between(0, 1) === 0)
    lines.push(`${random.pick(HEADERS)}: ${random.pick(HOSTILE_TEXTS).replaceAll(/[\r\n]/g, " ")}`);
  return lines;
}

function bodyOf({ method, route }: Target, mood: Mood, known: Known, random: Random): Buffer | undefined {
  if (mood === "hostile" && random.between(0, 3) === 0) return Buffer.from(random.pick(RAW_BODIES));
  if (mood === "hostile" && random.between(0, 9) === 0) return Buffer.from([0x22, 0xff, 0xfe, 0x22]);
  if (!route.body) return method === "GET" || random.between(0, 3) > 0 ? undefined : json({});
  if (route.body.optional && random.between(0, 2) === 0) return undefined;
  const valid = withKnownJobs(validValue(route.body.schema, random), known, random);
  if (mood === "valid") return json(valid);
  return json(mood === "nearly" ? nearlyValid(valid, random) : anyValue(random));
}

/** Puts known jobs into a body, because its schema requires a job type without listing the existing ones. */
function withKnownJobs(body: unknown, known: Known, random: Random): unknown {
  if (typeof body !== "object" || body === null) return body;
  if ("jobs" in body)
    return { jobs: Array.from({ length: random.between(1, 5) }, () => random.pick(known.jobs)) };
  if ("type" in body) return { ...body, ...random.pick(known.jobs) };
  return body;
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value) ?? "null");
