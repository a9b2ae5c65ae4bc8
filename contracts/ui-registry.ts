import { type Static, Type } from "@sinclair/typebox";
import { published } from "./schema.ts";

/** The web interfaces a person may open; the data is `ui-registry.json`. */
export const UiRegistry = published(
  "ui-registry",
  "1.0.0",
  Type.Object({
    interfaces: Type.Array(
      Type.Object({
        id: Type.String({ pattern: "^[a-z][a-z0-9-]{0,31}$" }),
        name: Type.String({ minLength: 1, maxLength: 40 }),
        port: Type.Integer({ minimum: 1, maximum: 65_535 }),
        path: Type.String({ pattern: "^/[!-~]*$", maxLength: 200 }),
        emoji: Type.String({ minLength: 1, maxLength: 8 }),
        description: Type.String({ minLength: 1, maxLength: 200 }),
      }),
      { minItems: 1 },
    ),
  }),
);
export type UiRegistry = Static<typeof UiRegistry>;
