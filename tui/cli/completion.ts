import { Argument, type Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { describe } from "./command-options.ts";
import type { CliContext } from "./context.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

export function addCompletion(program: Command, context: CliContext): void {
  describe(
    program.command("completion"),
    "Print a script that completes commands and options in a shell",
    "completion bash > ~/.local/share/bash-completion/completions/odd-dashboard",
    "completion zsh > ~/.zfunc/_odd-dashboard",
    "completion fish > ~/.config/fish/completions/odd-dashboard.fish",
  )
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .action((shell) => context.line(SCRIPTS[shell](wordsByPath(program)).trimEnd()));
}

interface Word {
  readonly text: string;
  readonly description: string;
}

/**
 * Returns the words that may follow each command path. The path of the program itself is `""`; a nested command's path
 * looks like `"queues pause"`.
 */
export function wordsByPath(program: CommandUnknownOpts): Map<string, readonly Word[]> {
  const found = new Map<string, readonly Word[]>();
  const walk = (command: CommandUnknownOpts, path: string) => {
    const help = command.createHelp();
    const commands = help.visibleCommands(command);
    const options = help.visibleOptions(command);
    const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
    found.set(path, [
      ...commands.map((child) => ({ text: child.name(), description: child.description() })),
      ...choices.map((text) => ({ text, description: "" })),
      ...options.flatMap(({ long, description }) => (long ? [{ text: long, description }] : [])),
    ]);
    for (const child of commands) if (child.name() !== "help") walk(child, `${path} ${child.name()}`.trim());
  };
  walk(program, "");
  return found;
}

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (words: Map<string, readonly Word[]>) => string>> = {
  bash: (words) => `# bash completion of odd-dashboard
_odd_dashboard() {
  local current="\${COMP_WORDS[COMP_CWORD]}" at="" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
${[...words.keys()]
  .filter(Boolean)
  .map((path) => `      "${path.includes(" ") ? path : ` ${path}`}") at="${path}" ;;`)
  .join("\n")}
    esac
  done
  case "$at" in
${[...words].map(([path, list]) => `    "${path}") words="${list.map(({ text }) => text).join(" ")}" ;;`).join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _odd_dashboard odd-dashboard
`,
  zsh: (words) => `#compdef odd-dashboard
_odd_dashboard() {
  local at="" word
  local -a list
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
${[...words.keys()]
  .filter(Boolean)
  .map((path) => `      "${path.includes(" ") ? path : ` ${path}`}") at="${path}" ;;`)
  .join("\n")}
    esac
  done
  case "$at" in
${[...words].map(([path, list]) => `    "${path}") list=(${list.map(({ text, description }) => quoted(`${text.replaceAll(":", "\\:")}:${description}`)).join(" ")}) ;;`).join("\n")}
  esac
  _describe 'odd-dashboard' list || _files
}
if [ "$funcstack[1]" = "_odd-dashboard" ]; then _odd_dashboard "$@"; else compdef _odd_dashboard odd-dashboard; fi
`,
  fish: (words) => `# fish completion of odd-dashboard
function __odd_dashboard_at
  set -l at ""
  set -l words (commandline -opc)
  set -e words[1]
  for word in $words
    switch (string trim "$at $word")
${[...words.keys()]
  .filter(Boolean)
  .map((path) => `      case "${path}"\n        set at "${path}"`)
  .join("\n")}
    end
  end
  test "$at" = "$argv[1]"
end
${[...words]
  .flatMap(([path, list]) =>
    list.map(({ text, description }) => {
      const word = text.startsWith("--") ? `-l ${text.slice(2)}` : `-f -a ${quoted(text)}`;
      return `complete -c odd-dashboard -n '__odd_dashboard_at "${path}"' ${word} -d ${quoted(description)}`;
    }),
  )
  .join("\n")}
`,
};

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
