/** A payload while a person edits it, as fields and as JSON that follow each other. */
export interface Draft {
  readonly payload: Readonly<Record<string, unknown>>;
  /** The JSON as it stands in the editor. */
  readonly text: string;
  /** Why the text is not a payload; `payload` is then the last valid one. */
  readonly fault?: string;
}

export function draftOf(payload: Readonly<Record<string, unknown>>): Draft {
  return { payload, text: JSON.stringify(payload, null, 2) };
}

/** The draft after its text was edited. */
export function withText({ payload }: Draft, text: string): Draft {
  try {
    const value: unknown = JSON.parse(text.trim() || "{}");
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return { payload: value as Record<string, unknown>, text };
    return { payload, text, fault: "The payload must be a JSON object" };
  } catch (error) {
    return { payload, text, fault: `Not JSON: ${(error as Error).message}` };
  }
}
