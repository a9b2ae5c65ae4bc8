import { expect } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import Ajv2020 from "ajv/dist/2020.js";
import { Timestamp, Uuid } from "../../contracts/schema.ts";

export interface Operation {
  operationId: string;
  parameters: { name: string; in: "path" | "query" | "header"; required: boolean }[];
  requestBody?: object;
  responses: Record<string, { content: Record<string, { schema: object }> }>;
}
export interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
}

/** Reads a service's OpenAPI document and returns a function that checks replies against it. */
export async function readOpenApi(baseUrl: string) {
  const document = (await (await fetch(`${baseUrl}/openapi.json`)).json()) as OpenApi;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addFormat("uuid", (text) => Value.Check(Uuid, text));
  ajv.addFormat("date-time", (text) => Value.Check(Timestamp, text));
  ajv.addSchema(document, "openapi.json");

  return {
    document,

    /**
     * Checks that the reply has this status and that the document describes its status, content type and body.
     * Returns the body.
     */
    async expectDocumented(path: string, method: string, response: Response, status: number) {
      const contentType = (response.headers.get("content-type") ?? "").split(";")[0] ?? "";
      expect([path, response.status]).toEqual([path, status]);
      const documented = document.paths[path]?.[method]?.responses[String(status)];
      expect(Object.keys(documented?.content ?? {})).toEqual([contentType]);
      const body: unknown = contentType.endsWith("json") ? await response.json() : await firstText(response);
      // Referring to the schema by a pointer lets its `$ref`s resolve within the document.
      const pointer = ["paths", path, method, "responses", String(status), "content", contentType, "schema"]
        .map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")))
        .join("/");
      const validate = ajv.compile({ $ref: `openapi.json#/${pointer}` });
      validate(body);
      expect([path, validate.errors]).toEqual([path, null]);
      return body as Record<string, unknown>;
    },
  };
}

async function firstText(response: Response): Promise<string> {
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return Buffer.from(value ?? []).toString();
}
