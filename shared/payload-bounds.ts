import { AppError } from "./errors.ts";
import { printedBytes } from "./printed-size.ts";

/** How many levels of nesting a payload, a result or metadata may have; the value itself is the first level. */
export const MAX_DEPTH = 16;
const MAX_STRING = 32_768;
/** The default size limit of a job's payload, and of its metadata. */
export const MAX_PAYLOAD_BYTES = 65_536;

/** Whether a value is nested deeper than {@link MAX_DEPTH}. This is also true of a value that contains itself. */
export function isTooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth >= MAX_DEPTH || Object.values(value).some((item) => isTooDeep(item, depth + 1));
}

/**
 * Refuses values that no job needs: more than `maxBytes` of JSON as the store prints it, nesting beyond 16 levels, or
 * strings beyond 32,768 characters. Also refuses U+0000 and lone surrogates, which the job store cannot hold.
 */
export function checkPayloadBounds(
  value: Readonly<Record<string, unknown>>,
  maxBytes: number,
  path: string,
): void {
  const fault = faultIn(value, path, 0);
  if (fault) throw fault;
  const bytes = printedBytes(value);
  if (bytes > maxBytes)
    throw new AppError(
      "PAYLOAD_TOO_LARGE",
      `${path} has ${bytes} bytes as the job store writes it, without exponents in numbers; the limit is ${maxBytes}`,
      { facts: { bytes, maxBytes } },
    );
}

function faultIn(value: unknown, path: string, depth: number): AppError | undefined {
  if (typeof value === "string") return textFault(value, path);
  if (typeof value !== "object" || value === null) return undefined;
  if (depth >= MAX_DEPTH)
    return new AppError("PAYLOAD_TOO_DEEP", `${path} is nested deeper than ${MAX_DEPTH} levels`);
  for (const [key, item] of Object.entries(value)) {
    const fault = textFault(key, path) ?? faultIn(item, `${path}/${key}`, depth + 1);
    if (fault) return fault;
  }
  return undefined;
}

function textFault(text: string, path: string): AppError | undefined {
  const message =
    text.length > MAX_STRING
      ? `Text of ${text.length} characters, expected at most ${MAX_STRING}`
      : text.includes("\u0000") || !text.isWellFormed()
        ? "Text with U+0000 or a lone surrogate, expected well-formed Unicode without U+0000"
        : undefined;
  return message === undefined
    ? undefined
    : new AppError("VALIDATION_FAILED", `${path.slice(0, 200)}: ${message}`, {
        errors: [{ path: path.slice(0, 200), message }],
      });
}
