import type { TSchema } from "@sinclair/typebox";
import { PROBLEMS, Problem, type ProblemCode } from "../../contracts/problem.ts";
import { withReferences } from "../../contracts/references.ts";
import type { Route } from "../../contracts/route.ts";
import { publication } from "../../contracts/schema.ts";

export interface OpenApiOptions {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  readonly routes: Readonly<Record<string, Route>>;
}

const DESCRIPTIONS = { 200: "OK", 202: "Accepted", 307: "Temporary Redirect" };

type Json = Record<string, unknown>;

/** Builds the OpenAPI 3.1 document of a service's routes. Operation ids are the names in the route table. */
export function openApiDocument({ title, version, description, routes }: OpenApiOptions): Json {
  const schemas: Record<string, Json> = {};
  const refTo = (name: string) => `#/components/schemas/${name}`;

  const include = (schema: TSchema): void => {
    const { name } = publication(schema);
    if (schemas[name]) return;
    schemas[name] = {};
    schemas[name] = withReferences(schema, refTo, include);
    delete schemas[name].$id;
  };
  const inline = (schema: TSchema): Json => {
    if (!("$version" in schema)) return withReferences(schema, refTo, include);
    include(schema);
    return { $ref: refTo(publication(schema).name) };
  };

  const parameters = (
    where: "path" | "query" | "header",
    named: Readonly<Record<string, TSchema>> | undefined,
    required: boolean,
  ) =>
    Object.entries(named ?? {}).map(([name, schema]) => ({
      name,
      in: where,
      required: required || !isOptional(schema),
      schema: inline(schema),
      // Each field of an object is a separate parameter.
      ...(schema.type === "object" && { style: "form", explode: true }),
      ...(schema.description && { description: schema.description }),
    }));

  const paths: Record<string, Json> = {};
  const tags = new Set<string>();
  for (const [operationId, route] of Object.entries(routes)) {
    tags.add(tagOf(route));
    const replies: Json = {
      [route.reply.status]: {
        description: DESCRIPTIONS[route.reply.status],
        content: { [route.reply.contentType ?? "application/json"]: { schema: inline(route.reply.schema) } },
      },
    };
    for (const [status, codes] of problemsByStatus(route))
      replies[status] = {
        description: codes.join(", "),
        content: { "application/problem+json": { schema: inline(Problem) } },
      };
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: {
        operationId,
        tags: [tagOf(route)],
        summary: route.summary,
        parameters: [
          ...parameters("path", route.params, true),
          ...parameters("query", route.query, false),
          ...parameters("header", route.headers, false),
        ],
        ...(route.body && {
          requestBody: {
            required: !route.body.optional,
            content: { "application/json": { schema: inline(route.body.schema) } },
          },
        }),
        responses: replies,
      },
    };
  }
  return {
    openapi: "3.1.0",
    info: { title, version, description, license: { name: "MIT", identifier: "MIT" } },
    tags: [...tags].map((name) => ({ name })),
    paths,
    components: { schemas },
  };
}

/** The groups of operations in /docs, by the first part of the path; related parts share a group. */
const TAGS: Readonly<Record<string, string>> = {
  jobs: "Jobs",
  "job-types": "Jobs",
  "dead-letters": "Dead letters",
  queues: "Queues and workers",
  workers: "Queues and workers",
  access: "The whole system",
  overview: "The whole system",
  stats: "The whole system",
  counts: "The whole system",
  series: "The whole system",
  ledger: "The whole system",
  retention: "The whole system",
  events: "Events",
  stream: "Events",
  alerts: "Alerts",
  webhook: "Alerts",
  runbooks: "Alerts",
};

function tagOf({ path }: Route): string {
  const tag = TAGS[path.split("/")[1] ?? ""];
  if (!tag) throw new Error(`${path} has no group in the OpenAPI document: add its first part to TAGS`);
  return tag;
}

function problemsByStatus(route: Route): Map<string, string[]> {
  const byStatus = new Map<string, string[]>();
  const ofEvery: ProblemCode[] = ["ORIGIN_REFUSED", "INTERNAL_ERROR"];
  if (route.params) ofEvery.unshift("MALFORMED_PATH");
  if (route.body) ofEvery.unshift("REQUEST_TIMEOUT");
  for (const code of [...route.problems, ...ofEvery]) {
    const status = String(PROBLEMS[code].status);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return byStatus;
}

function isOptional(schema: TSchema): boolean {
  return Object.getOwnPropertySymbols(schema).some((symbol) => symbol.description === "TypeBox.Optional");
}
