import { type Static, Type } from "@sinclair/typebox";
import { PROBLEM_CODES } from "./problem.ts";
import { JsonObject, StringEnum } from "./schema.ts";

/** A processor's reply when the gateway queries a command's outcome. */
export const CommandOutcome = Type.Object({
  state: StringEnum(["running", "lost", "done", "refused", "withdrawn"], {
    description:
      "lost: the worker died while carrying out the command; withdrawn: nothing was done, and the original request can no longer have any effect",
  }),
  reply: Type.Optional(Type.Unknown({ description: "The reply to a command that is done" })),
  refusal: Type.Optional(
    Type.Object({
      code: StringEnum(PROBLEM_CODES),
      message: Type.String(),
      errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
      facts: Type.Optional(JsonObject),
    }),
  ),
});
export type CommandOutcome = Static<typeof CommandOutcome>;

/** The headers that carry a command from the gateway to a processor. */
export const COMMAND_HEADERS = {
  id: "x-command-id",
  send: "x-command-send",
  fingerprint: "x-command-fingerprint",
} as const;
