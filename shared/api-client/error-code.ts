import { PROBLEMS, type ProblemCode } from "../../contracts/problem.ts";

/** What can go wrong before a service has refused anything. */
export type TransportCode = "TIMED_OUT" | "UNEXPECTED_REPLY";
export type ApiErrorCode = ProblemCode | TransportCode;

export function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === "string" && Object.hasOwn(PROBLEMS, code);
}
