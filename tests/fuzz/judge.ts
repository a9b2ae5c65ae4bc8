import { TypeCompiler } from "@sinclair/typebox/compiler";
import { PROBLEMS, Problem } from "../../contracts/problem.ts";
import type { Target } from "./routes.ts";
import type { Reply } from "./wire.ts";

const problems = TypeCompiler.Compile(Problem);
/** Statuses that the HTTP server itself sends with an empty body, before any service code runs. */
const OF_THE_SERVER = new Set([400, 413, 414, 431]);

/** Returns a reply's fault, or undefined. A 5xx must be a documented 503, and every refusal must be a valid problem. */
export function faultIn(target: Target, reply: Reply): string | undefined {
  const { status, headers, body } = reply;
  if (status === 0) return "no reply";
  if (status < 400) return undefined;
  if (target.path === "/readyz" && status === 503) return undefined;
  // On the page's server, a path that belongs to no service refers to a missing file, and the 404 has no problem
  // details.
  if (target.port === "page" && status === 404 && !headers.includes("problem+json")) return undefined;
  if (!headers.includes("application/problem+json"))
    return OF_THE_SERVER.has(status) && body === "" ? undefined : `${status} without problem+json`;
  if (!headers.includes("content-length: 0") && body === "") return undefined;
  const problem: unknown = JSON.parse(body);
  if (!problems.Check(problem)) return `a problem that breaks its schema: ${body.slice(0, 200)}`;
  if (PROBLEMS[problem.code].status !== status) return `${problem.code} with status ${status}`;
  if (status < 500) return undefined;
  return status === 503 && target.route.problems.includes(problem.code)
    ? undefined
    : `an undocumented ${status} ${problem.code}: ${problem.detail}`;
}
