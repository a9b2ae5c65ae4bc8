import { AppError } from "./errors.ts";

const BECAUSE = { retention: "because its retention had ended", purge: "by a purge" } as const;

/** Creates the refusal for a deleted job, which says when and why it was deleted. */
export function prunedProblem(
  id: string,
  { prunedAt, reason }: { readonly prunedAt: Date; readonly reason: keyof typeof BECAUSE },
): AppError {
  const at = prunedAt.toISOString();
  return new AppError("JOB_PRUNED", `Job ${id} was deleted at ${at} ${BECAUSE[reason]}`, {
    facts: { prunedAt: at, reason },
  });
}
