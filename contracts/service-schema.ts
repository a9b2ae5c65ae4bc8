import { type Static, Type } from "@sinclair/typebox";
import { published, StringEnum } from "./schema.ts";

const Port = Type.Integer({ minimum: 1, maximum: 65_535 });
const Variable = Type.String({ pattern: "^[A-Z][A-Z0-9_]*$" });
const Login = Type.Object({
  variable: Type.Optional(
    Type.String({
      pattern: "^[A-Z][A-Z0-9_]*$",
      description: "The environment variable that overrides the value",
    }),
  ),
  value: Type.String({ description: "The default value, meant only for demonstrations" }),
});

/** The schema of `SERVICE_CATALOG`, which lists everything that runs in a full deployment. */
export const ServiceCatalog = published(
  "services",
  "1.0.2",
  Type.Object({
    services: Type.Array(
      Type.Object({
        name: Type.String({
          pattern: "^[a-z][a-z0-9-]{0,31}$",
          description: "The name of the service, which is also its host name",
        }),
        role: StringEnum(["service", "engine", "observer", "admin"]),
        profile: StringEnum(["core", "observe", "admin"]),
        purpose: Type.String({ minLength: 1 }),
        image: Type.String({
          description: "The image with its tag. This project's images have neither namespace nor tag",
        }),
        ports: Type.Array(
          Type.Object({
            purpose: Type.String({ minLength: 1 }),
            port: Port,
            published: Type.Optional(
              Type.Object(
                { port: Port, variable: Variable },
                { description: "The port on the user's machine" },
              ),
            ),
          }),
          { minItems: 1 },
        ),
        health: Type.Optional(
          Type.Object(
            { port: Port, path: Type.String({ pattern: "^/" }) },
            { description: "The endpoint that returns 200 when the service is ready" },
          ),
        ),
        needs: Type.Array(Type.String(), {
          description: "The services that must be healthy before this one starts",
        }),
        environment: Type.Array(Variable, {
          description: "The environment variables that a deployment sets",
        }),
        credentials: Type.Optional(Type.Object({ user: Type.Optional(Login), password: Login })),
        scalable: Type.Optional(Type.Boolean({ description: "Whether any number of instances may run" })),
      }),
    ),
  }),
);
export type ServiceCatalog = Static<typeof ServiceCatalog>;
export type ServiceEntry = ServiceCatalog["services"][number];
