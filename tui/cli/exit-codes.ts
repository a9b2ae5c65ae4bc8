/** The meaning of each exit code. `--help` and `docs/command-line.md` print these texts. */
export const EXIT_CODES = {
  0: "done",
  1: "a negative result: a check failed, a job did not complete, the ledger does not balance, or only part of the work was done",
  2: "the command line is not valid",
  3: "the system refused the request: there is no such job, the job's status does not allow it, or the payload or filter is invalid",
  4: "the system did not answer, or cannot serve the request right now; trying again may help",
  70: "a bug in this program",
  130: "interrupted by Ctrl-C",
  141: "the program reading the output closed it",
  143: "ended by SIGTERM",
} as const;
export type ExitCode = keyof typeof EXIT_CODES;
