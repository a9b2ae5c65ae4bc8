/** A payload being edited, as a value and as JSON text. */
export interface Draft {
  readonly payload: Readonly<Record<string, unknown>>;
  /** The JSON text in the editor, valid or not. */
  readonly text: string;
  /** Why the text is not a valid payload. While there is a fault, `payload` keeps the last valid value. */
  readonly fault?: string;
}

export function draftOf(payload: Readonly<Record<string, unknown>>): Draft {
  return { payload, text: JSON.stringify(payload, null, 2) };
}

/** Returns the draft after an edit of its text. */
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
