import type { TObject } from "@sinclair/typebox";

/** A payload's schema from the submitter's point of view: fields with a default are optional. */
export function askedPayload(payload: TObject): TObject {
  const { required = [], ...rest } = payload;
  const needed = required.filter((name) => payload.properties[name]?.default === undefined);
  return { ...rest, ...(needed.length > 0 && { required: needed }) } as TObject;
}
