import { Type } from "@sinclair/typebox";
import { defaulted } from "./route.ts";

/** The query parameters of every list, besides its filter. */
export const PAGE_QUERY = {
  limit: defaulted(Type.Integer({ minimum: 1, maximum: 500 }), 50),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
};
