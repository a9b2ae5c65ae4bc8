import type { TObject } from "@sinclair/typebox";

/** A payload's schema as those who submit it see it: what has a default may be left out. */
export function askedPayload(payload: TObject): TObject {
  const { required = [], ...rest } = payload;
  const needed = required.filter((name) => payload.properties[name]?.default === undefined);
  return { ...rest, ...(needed.length > 0 && { required: needed }) } as TObject;
}
