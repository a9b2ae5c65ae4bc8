import type { TObject } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { AppError } from "./errors.ts";
import { atFirstFault, faultsOf } from "./http/read-request.ts";
import { type JobType, withDefaults } from "./job-types/define.ts";
import { JOB_TYPES } from "./job-types/registry.ts";

const checkers = new Map<string, TypeCheck<TObject>>();

/** Returns the job type with this name. Refuses with UNKNOWN_JOB_TYPE, naming the known types. */
export function jobTypeNamed(name: string): JobType {
  const jobType = JOB_TYPES.get(name);
  if (jobType) return jobType;
  const known = [...JOB_TYPES.keys()];
  throw new AppError(
    "UNKNOWN_JOB_TYPE",
    `Unknown job type ${JSON.stringify(name)}; the known types are ${known.join(", ")}`,
    { facts: { known } },
  );
}

/**
 * Checks a payload against its type's schema, and returns it with the type's defaults filled in. Refuses with
 * VALIDATION_FAILED; paths start at `/payload`.
 */
export function checkedPayload(
  jobType: JobType,
  payload: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  let checker = checkers.get(jobType.name);
  if (!checker) {
    checker = TypeCompiler.Compile(jobType.payload);
    checkers.set(jobType.name, checker);
  }
  if (checker.Check(payload)) return payload;
  const filled = withDefaults(jobType, payload);
  if (checker.Check(filled)) return filled;
  const errors = faultsOf(checker.Errors(filled)).map(({ path, message }) => ({
    path: path === "/" ? "/payload" : `/payload${path}`,
    message,
  }));
  throw new AppError(
    "VALIDATION_FAILED",
    `The payload does not match the schema of ${jobType.name} ${atFirstFault(errors)}`,
    { errors },
  );
}
