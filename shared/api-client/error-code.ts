import { PROBLEMS, type ProblemCode } from "../../contracts/problem.ts";

/** Failures for which no service sent problem details. */
export type TransportCode = "TIMED_OUT" | "UNEXPECTED_REPLY";
export type ApiErrorCode = ProblemCode | TransportCode;

export function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === "string" && Object.hasOwn(PROBLEMS, code);
}
