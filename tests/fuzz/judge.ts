import { TypeCompiler } from "@sinclair/typebox/compiler";
import { PROBLEMS, Problem } from "../../contracts/problem.ts";
import type { Target } from "./routes.ts";
import type { Reply } from "./wire.ts";

const problems = TypeCompiler.Compile(Problem);
/** What the HTTP server itself refuses, before any of our code runs, with an empty body. */
const OF_THE_SERVER = new Set([400, 413, 414, 431]);

/** What is wrong with a reply, or undefined: no 5xx except a documented 503, and every refusal a problem. */
export function faultIn(target: Target, reply: Reply): string | undefined {
  const { status, headers, body } = reply;
  if (status === 0) return "no reply";
  if (status < 400) return undefined;
  if (target.path === "/readyz" && status === 503) return undefined;
  // A path that leads to no service names a missing file of the page.
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
