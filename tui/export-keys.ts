import { join } from "node:path";
import { SCREENS } from "../shared/keymap.ts";
import { type Binding, KEYMAP } from "./keys.ts";

/** Returns the keymap as a page of documentation. */
export function keyPage(): string {
  const everywhere = KEYMAP.filter(({ screens }) => !screens);
  const parts = SCREENS.map((screen) => ({
    screen,
    bindings: KEYMAP.filter(({ screens }) => screens?.includes(screen)),
  }));
  return [
    "# Keys of the terminal UI",
    "Press `?` on any screen for the same list. The hint line at the bottom shows the keys that have an effect now.",
    "## Everywhere",
    table(everywhere),
    ...parts
      .filter(({ bindings }) => bindings.length > 0)
      .flatMap(({ screen, bindings }) => [`## ${titleOf(screen)}`, table(bindings)]),
    "Commands such as `:set theme mono`, `:set refresh 2000` and `:set filter status:failed` save the settings to `odd-dashboard/settings.json` under `XDG_CONFIG_HOME` (by default `~/.config`).",
    "<!-- Written by `bun tui/export-keys.ts` from shared/keymap.ts. -->",
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

const titleOf = (screen: string) => screen.charAt(0).toUpperCase() + screen.slice(1).replaceAll("-", " ");

function table(bindings: readonly Binding[]): string {
  const rows = bindings.map(
    ({ shown, help }) =>
      `| ${shown
        .split(" ")
        .map((key) => `\`${key}\``)
        .join(" ")} | ${help} |`,
  );
  return ["| Key | What it does |", "| --- | --- |", ...rows].join("\n");
}

if (import.meta.main) await Bun.write(join(import.meta.dir, "../docs/keys.md"), keyPage());
