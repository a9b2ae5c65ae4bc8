import type { Overview } from "../../../contracts/api-queries.ts";
import { age, count } from "../../../shared/format.ts";
import { TABS } from "../../../shared/keymap.ts";
import { Icon } from "../icon.tsx";
import { useLive } from "../live.ts";
import type { Route } from "../route.ts";
import { switchTheme } from "../theme.ts";

const NAMES: Readonly<Record<string, string>> = { "dead-letters": "Dead letters" };
const VIEWS = TABS.map(({ screen, title }, index) => ({
  view: screen,
  key: String(index + 1),
  name: NAMES[screen] ?? title,
}));

/** Returns the view that the bars highlight for a route. */
function tabOf({ view }: Route): string {
  if (view === "job" || view === "new") return "jobs";
  if (view === "ledger") return "overview";
  return view === "watch" ? "terminal" : view;
}

interface BarProps {
  readonly route: Route;
  readonly overview: Overview | undefined;
}

export function TopBar({ route, overview, find }: BarProps & { readonly find: () => void }) {
  const current = tabOf(route);
  return (
    <header class="topbar">
      <a class="brand" href="#/overview" aria-label="Observatory, overview">
        <Icon name="logo" />
        <span>observatory</span>
      </a>
      <nav class="nav" aria-label="Views">
        {VIEWS.map(({ key, view, name }) => (
          <a href={`#/${view}`} aria-current={current === view ? "page" : undefined} key={view}>
            <span class="key" aria-hidden="true">
              {key}
            </span>
            {name}
            <Badge view={view} overview={overview} />
          </a>
        ))}
      </nav>
      <div class="topbar-end">
        <LiveWord />
        {overview && (
          <span class="engine dim wide-only">{overview.engines === "full" ? "full system" : "embedded"}</span>
        )}
        <button
          class="btn quiet icon"
          type="button"
          aria-label="Find a job or run a command"
          title="Find or run (:)"
          onClick={find}
        >
          <Icon name="search" />
        </button>
        <button
          class="btn quiet icon"
          type="button"
          aria-label="Switch between light and dark"
          title="Light or dark"
          onClick={switchTheme}
        >
          <Icon name="theme" />
        </button>
        <a
          class="btn quiet icon phone-hide"
          href="#/terminal"
          aria-label="Terminal"
          title="Terminal (`)"
          aria-current={current === "terminal" ? "page" : undefined}
        >
          <Icon name="term" />
        </a>
        <a class="btn primary" href="#/new">
          <Icon name="plus" />
          <span>New job</span>
          <kbd>N</kbd>
        </a>
      </div>
    </header>
  );
}

/** Shows whether the numbers are live and, if not, how old they are. */
function LiveWord() {
  const { state, at } = useLive();
  const word = { connecting: "Connecting", live: "Live", stale: `Not live, ${age(Date.now() - at)}` }[state];
  return (
    <span class={state === "stale" ? "live stale" : `live ${state}`}>
      <span class="dot" />
      {word}
    </span>
  );
}

/** Shows how many items need attention, or nothing if there are none. */
function Badge({ view, overview }: { view: string; overview: Overview | undefined }) {
  const [number, tone, noun] =
    view === "dead-letters"
      ? [overview?.deadLetters, "bad", "waiting"]
      : view === "alerts"
        ? [overview?.alerts.firing, "warn", "firing"]
        : [];
  if (!number) return null;
  return (
    <span class={`badge ${tone}`}>
      {count(number)}
      <span class="sr"> {noun}</span>
    </span>
  );
}

const PHONE = [
  { view: "overview", name: "Overview", icon: "home" },
  { view: "jobs", name: "Jobs", icon: "list" },
  { view: "dead-letters", name: "Dead", icon: "failed" },
  { view: "alerts", name: "Alerts", icon: "bell" },
  { view: "terminal", name: "Terminal", icon: "term" },
] as const;

/**
 * Shows links to the main views at the bottom of a phone's screen, within reach of the thumb. The command palette opens
 * the other views.
 */
export function TabBar({ route, overview }: BarProps) {
  const current = tabOf(route);
  return (
    <nav class="tabbar" aria-label="Main views">
      {PHONE.map(({ view, name, icon }) => (
        <a href={`#/${view}`} aria-current={current === view ? "page" : undefined} key={view}>
          <Icon name={icon} />
          {name}
          <Badge view={view} overview={overview} />
        </a>
      ))}
    </nav>
  );
}
