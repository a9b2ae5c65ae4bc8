import type { Command } from "@commander-js/extra-typings";
import { findRunningState } from "../../../shared/dev-state.ts";
import { describe } from "../command-options.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../failure.ts";
import { attachTerminal } from "./attach-terminal.ts";
import { parseTarget } from "./target.ts";

const DEFAULT_URL = "http://localhost:8081";

export function addAttach(program: Command, context: CliContext): void {
  describe(
    program.command("attach"),
    "Open a web-pty terminal here, or watch one through its link; press Ctrl-] to detach. Reads the token from PTY_AUTH_TOKEN",
    "attach",
    "attach https://observatory.example",
    "attach 'http://localhost:8081/#/watch/SECRET'",
  )
    .argument(
      "[url]",
      `URL of the page, or a watch link (default: the page of the system started from this folder, otherwise ${DEFAULT_URL})`,
    )
    .action(async (url) => {
      if (!(process.stdin.isTTY && process.stdout.isTTY))
        throw new CliError(
          2,
          "attach needs a terminal, but input or output is not one",
          "Run it in a terminal, without a pipe",
        );
      const target = parseTarget(url ?? findRunningState(process.cwd())?.services["web-ui"] ?? DEFAULT_URL);
      const { code, said } = await attachTerminal(target, {
        token: context.env.PTY_AUTH_TOKEN,
        signal: context.signal,
      });
      context.note(said);
      context.exitCode = code;
    });
}
