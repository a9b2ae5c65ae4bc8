import { useEffect, useRef, useState } from "preact/hooks";
import { readFilterText } from "../../../contracts/read-filter.ts";
import { COMMAND_NAMES, matchNames } from "../../../shared/command-names.ts";
import { TABS } from "../../../shared/keymap.ts";
import { jobsAddress } from "../job-list/address.ts";
import { goTo } from "../route.ts";
import type { ActiveKey } from "../shortcuts.ts";
import { switchTheme } from "../theme.ts";

interface Entry {
  readonly name: string;
  readonly help: string;
  readonly run: () => void;
}

/** Finds views and actions by name, as `:` does in the terminal UI. Any other text becomes a job filter. */
export function Palette({ keys, close }: { keys: readonly ActiveKey[]; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [index, setIndex] = useState(0);
  useEffect(() => dialog.current?.showModal(), []);
  const entries = entriesFor(text.trim(), keys);
  const chosen = entries[Math.min(index, entries.length - 1)];
  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    dialog.current?.close();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") run(chosen);
    else if (event.key === "ArrowDown") setIndex(Math.min(entries.length - 1, index + 1));
    else if (event.key === "ArrowUp") setIndex(Math.max(0, index - 1));
    else return;
    event.preventDefault();
  };
  return (
    <dialog class="confirm palette" ref={dialog} aria-label="Find or run" onClose={close}>
      <input
        role="combobox"
        aria-label="View, command or filter for jobs"
        aria-expanded="true"
        aria-controls="palette-entries"
        aria-activedescendant={chosen && idOf(chosen)}
        placeholder="View, command or filter"
        spellcheck={false}
        autocomplete="off"
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          setIndex(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id="palette-entries" role="listbox" aria-label="Matches" tabIndex={-1}>
        {entries.map((entry) => (
          <Option entry={entry} isChosen={entry === chosen} run={() => run(entry)} key={entry.name} />
        ))}
      </div>
      {entries.length === 0 && <p role="status">There is no command {text}</p>}
    </dialog>
  );
}

interface OptionProps {
  readonly entry: Entry;
  readonly isChosen: boolean;
  readonly run: () => void;
}

function Option({ entry, isChosen, run }: OptionProps) {
  const option = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isChosen) option.current?.scrollIntoView({ block: "nearest" });
  }, [isChosen]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and handles the keys
    <div role="option" id={idOf(entry)} ref={option} aria-selected={isChosen} tabIndex={-1} onClick={run}>
      <span>{entry.name}</span>
      <span class="dim clip">{entry.help}</span>
    </div>
  );
}

const idOf = ({ name }: Entry) => `palette-${name.replaceAll(/\W+/g, "-")}`;

function entriesFor(text: string, keys: readonly ActiveKey[]): Entry[] {
  const named = matchNames([...views(), ...commands(keys)], text.toLowerCase());
  const isFilter = text !== "" && readFilterText("jobs", text).faults.length === 0;
  const jobs = { name: `jobs: ${text}`, help: "Show the matching jobs", run: () => goTo(jobsAddress(text)) };
  return isFilter ? [...named, jobs] : named;
}

function views(): Entry[] {
  const tabs = TABS.map(({ screen, title }, index) => ({
    name: title === "Dead" ? "dead letters" : title.toLowerCase(),
    help: `Go to the view (${index + 1})`,
    run: () => goTo(`#/${screen}`),
  }));
  return [
    ...tabs,
    { name: "ledger", help: "Go to the proof that no job is lost", run: () => goTo("#/ledger") },
    { name: "terminal", help: "Go to the terminal (`)", run: () => goTo("#/terminal") },
    { name: "theme", help: "Switch between light and dark", run: switchTheme },
  ];
}

/** Returns the actions that the view's keys can currently run. */
function commands(keys: readonly ActiveKey[]): Entry[] {
  return keys.flatMap(({ action, help, shown, run }) => {
    const name = action === "terminal" ? undefined : COMMAND_NAMES[action];
    return name ? [{ name, help: `${help} (${shown})`, run }] : [];
  });
}
