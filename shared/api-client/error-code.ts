import { PROBLEMS, type ProblemCode } from "../../contracts/problem.ts";

/** The client's own codes, for failures without problem details from a service. */
export type TransportCode = "TIMED_OUT" | "UNEXPECTED_REPLY";
export type ApiErrorCode = ProblemCode | TransportCode;

export function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === "string" && Object.hasOwn(PROBLEMS, code);
}
