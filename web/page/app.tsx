import { useEffect } from "preact/hooks";
import { age } from "../../shared/format.ts";
import { Icon } from "./icon.tsx";
import { useLive } from "./live.ts";
import { ConfirmArea } from "./parts/confirm.tsx";
import { ToastArea } from "./parts/toast.tsx";
import { type Route, useRoute } from "./route.ts";
import { TerminalView } from "./terminal/terminal-view.tsx";
import { switchTheme } from "./theme.ts";
import { AlertsView } from "./views/alerts.tsx";
import { DeadLettersView } from "./views/dead-letters.tsx";
import { EventsView } from "./views/events.tsx";
import { JobView } from "./views/job.tsx";
import { Jobs } from "./views/jobs.tsx";
import { NewJob } from "./views/new-job.tsx";
import { Overview } from "./views/overview.tsx";
import { QueuesView } from "./views/queues.tsx";

const VIEWS = [
  { key: "1", view: "overview", name: "Overview", icon: "home" },
  { key: "2", view: "jobs", name: "Jobs", icon: "list" },
  { key: "3", view: "events", name: "Events", icon: "executing" },
  { key: "4", view: "dead-letters", name: "Dead letters", icon: "failed" },
  { key: "5", view: "queues", name: "Queues", icon: "waiting" },
  { key: "6", view: "alerts", name: "Alerts", icon: "bell" },
  { key: "`", view: "terminal", name: "Terminal", icon: "term" },
] as const;

/** The page: the bar, the view of the address, the keys. */
export function App() {
  const route = useRoute();
  const isTerminal = route.view === "terminal" || route.view === "watch";
  useKeys(!isTerminal);
  return (
    <ConfirmArea>
      <ToastArea>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <TopBar view={route.view} />
        <main id="main" tabIndex={-1}>
          <View route={route} />
        </main>
        <HintBar isTerminal={isTerminal} />
        <TabBar view={route.view} />
      </ToastArea>
    </ConfirmArea>
  );
}

/** The view that the bars mark for a route. */
function tabOf(view: Route["view"]): string {
  if (view === "job" || view === "new") return "jobs";
  return view === "watch" ? "terminal" : view;
}

function TopBar({ view }: { view: Route["view"] }) {
  const { isLive, at } = useLive();
  return (
    <header class="topbar">
      <a class="brand" href="#/overview" aria-label="Observatory, overview">
        <Icon name="logo" />
        <span>observatory</span>
      </a>
      <nav class="nav" aria-label="Views">
        {VIEWS.map(({ key, view: name, name: label }) => (
          <a href={`#/${name}`} aria-current={tabOf(view) === name ? "page" : undefined} key={name}>
            <span class="key" aria-hidden="true">
              {key}
            </span>
            {label}
          </a>
        ))}
      </nav>
      <div class="topbar-end">
        <span class={isLive ? "live" : "live stale"}>
          <span class="dot" />
          {isLive ? "Live" : `Not live, ${age(Date.now() - at)}`}
        </span>
        <button
          class="btn quiet icon"
          type="button"
          aria-label="Switch between light and dark"
          onClick={switchTheme}
        >
          <Icon name="theme" />
        </button>
        <a class="btn primary" href="#/new">
          <Icon name="plus" />
          <span>New job</span>
          <kbd>N</kbd>
        </a>
      </div>
    </header>
  );
}

/** The views at the bottom of a phone, where a thumb reaches them. */
function TabBar({ view }: { view: Route["view"] }) {
  return (
    <nav class="tabbar" aria-label="Views of the phone">
      {VIEWS.filter(({ view: name }) => name !== "events" && name !== "queues").map(
        ({ view: name, name: label, icon }) => (
          <a href={`#/${name}`} aria-current={tabOf(view) === name ? "page" : undefined} key={name}>
            <Icon name={icon} />
            {label.split(" ")[0]}
          </a>
        ),
      )}
    </nav>
  );
}

function View({ route }: { route: Route }) {
  switch (route.view) {
    case "overview":
      return <Overview />;
    case "jobs":
      return <Jobs query={route.query} />;
    case "job":
      return <JobView id={route.id} />;
    case "new":
      return <NewJob query={route.query} />;
    case "events":
      return <EventsView />;
    case "dead-letters":
      return <DeadLettersView />;
    case "queues":
      return <QueuesView />;
    case "alerts":
      return <AlertsView />;
    case "watch":
      return <TerminalView watch={route.secret} />;
    case "terminal":
      return <TerminalView />;
  }
}

function HintBar({ isTerminal }: { isTerminal: boolean }) {
  const hints = isTerminal
    ? [
        ["Ctrl+Shift+C", "copy"],
        ["Ctrl+Shift+V", "paste"],
        ["Ctrl+Shift+Esc", "leave the terminal"],
      ]
    : [
        ["1–6", "views"],
        ["`", "terminal"],
        ["/", "filter"],
        ["N", "new job"],
      ];
  return (
    <footer class="hintbar">
      {hints.map(([key, text]) => (
        <span class="hint" key={key}>
          <kbd>{key}</kbd>
          {text}
        </span>
      ))}
      {isTerminal && <span class="hint opt">Every other key goes to the terminal</span>}
    </footer>
  );
}

/** The keys of the terminal interface, for as long as no field has the focus. */
function useKeys(enabled: boolean): void {
  useEffect(() => {
    if (!enabled) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof HTMLElement && event.target.matches("input, textarea, select, dialog *"))
        return;
      const view = VIEWS.find(({ key }) => key === event.key);
      if (view) location.hash = `#/${view.view}`;
      else if (event.key.toLowerCase() === "n") location.hash = "#/new";
      else if (event.key === "/") {
        if (!location.hash.startsWith("#/jobs")) location.hash = "#/jobs";
        setTimeout(() => document.getElementById("filter")?.focus());
      } else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [enabled]);
}
