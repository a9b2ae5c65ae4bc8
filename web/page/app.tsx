import { useEffect, useState } from "preact/hooks";
import { TABS } from "../../shared/keymap.ts";
import { Announcer } from "./announce/announcer.tsx";
import { client } from "./client.ts";
import { refresh, useLive } from "./live.ts";
import { ConfirmArea } from "./parts/confirm.tsx";
import { FILTER_ID } from "./parts/filter-field.tsx";
import { HintBar } from "./parts/hint-bar.tsx";
import { KeyHelp } from "./parts/key-help.tsx";
import { Palette } from "./parts/palette.tsx";
import { ToastArea } from "./parts/toast.tsx";
import { TabBar, TopBar } from "./parts/top-bar.tsx";
import { type Query, useQuery } from "./query.ts";
import { goTo, type Route, useRoute } from "./route.ts";
import { type Shortcuts, screenOf, useActiveKeys, useKeyboard, useShortcuts } from "./shortcuts.ts";
import { TerminalOnDemand } from "./terminal/terminal-on-demand.tsx";
import { AlertsView } from "./views/alerts.tsx";
import { DeadLettersView } from "./views/dead-letters.tsx";
import { EventsView } from "./views/events.tsx";
import { JobView } from "./views/job.tsx";
import { Jobs } from "./views/jobs.tsx";
import { LedgerView } from "./views/ledger.tsx";
import { Missing } from "./views/missing.tsx";
import { NewJob } from "./views/new-job.tsx";
import { Overview, type OverviewReply } from "./views/overview.tsx";
import { QueuesView } from "./views/queues.tsx";

/** Renders the page's bars and the view that the URL selects, and handles the page's keyboard shortcuts. */
export function App() {
  const route = useRoute();
  const overview = useQuery("overview", (signal) => client.readModel.overview({}, { signal }));
  const { state } = useLive();
  const [open, setOpen] = useState<"help" | "palette">();
  const close = () => setOpen(undefined);
  const screen = screenOf(route);
  const isTerminal = route.view === "terminal" || route.view === "watch";
  useShortcuts(isTerminal ? {} : everywhere(route, setOpen));
  useKeyboard(isTerminal ? undefined : (screen ?? "overview"));
  const keys = useActiveKeys(screen);
  useEffect(() => {
    document.documentElement.dataset.state = state;
  }, [state]);
  const title = titleOf(route);
  useEffect(() => {
    document.title = `${title} · Observatory`;
    scrollTo(0, 0);
  }, [title]);
  return (
    <ConfirmArea>
      <ToastArea>
        <button class="skip" type="button" onClick={skipToContent}>
          Skip to content
        </button>
        <TopBar route={route} overview={overview.data} find={() => setOpen("palette")} />
        <main id="main" tabIndex={-1}>
          <View route={route} overview={overview} />
        </main>
        <HintBar keys={isTerminal ? undefined : keys} help={() => setOpen("help")} />
        <TabBar route={route} overview={overview.data} />
        {open === "help" && <KeyHelp keys={keys} close={close} />}
        {open === "palette" && <Palette keys={keys} close={close} />}
        <Announcer />
      </ToastArea>
    </ConfirmArea>
  );
}

/** Returns the actions that are available on every view. */
function everywhere(route: Route, open: (overlay: "help" | "palette") => void): Shortcuts {
  const go = (view: string) => ({ run: () => goTo(`#/${view}`) });
  const tabs = TABS.map(({ screen }, index) => [`tab-${index + 1}`, go(screen)]);
  const isDetail = route.view === "job" || route.view === "new" || route.view === "ledger";
  return {
    ...Object.fromEntries(tabs),
    "new-job": route.view === "new" ? undefined : go("new"),
    filter: { run: focusFilter },
    refresh: { run: refresh },
    back: isDetail || route.view === "missing" ? { run: () => history.back() } : undefined,
    palette: { run: () => open("palette") },
    help: { run: () => open("help") },
    terminal: go("terminal"),
  };
}

/** Focuses the view's filter. If the view has none, opens the job list and focuses its filter. */
function focusFilter(): void {
  if (!document.getElementById(FILTER_ID)) goTo("#/jobs");
  setTimeout(() => document.getElementById(FILTER_ID)?.focus());
}

/**
 * Focuses the content. The skip link is a button, because a link to `#main` would change the URL and leave the view.
 */
function skipToContent(): void {
  document.getElementById("main")?.focus();
}

function titleOf(route: Route): string {
  if (route.view === "job") return `Job ${route.id.slice(-8)}`;
  if (route.view === "new") return "New job";
  if (route.view === "missing") return "Not found";
  const name = route.view.replace("-", " ");
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function View({ route, overview }: { route: Route; overview: Query<OverviewReply> }) {
  switch (route.view) {
    case "overview":
      return <Overview overview={overview} query={route.query} />;
    case "jobs":
      return <Jobs query={route.query} />;
    case "job":
      return <JobView id={route.id} query={route.query} overview={overview.data} key={route.id} />;
    case "new":
      return <NewJob query={route.query} key={route.query.toString()} />;
    case "events":
      return <EventsView query={route.query} />;
    case "dead-letters":
      return <DeadLettersView query={route.query} />;
    case "queues":
      return <QueuesView />;
    case "alerts":
      return <AlertsView />;
    case "ledger":
      return <LedgerView />;
    case "watch":
      return <TerminalOnDemand watch={route.secret} />;
    case "terminal":
      return <TerminalOnDemand />;
    case "missing":
      return <Missing address={route.address} />;
  }
}
