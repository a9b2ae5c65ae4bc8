import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../icon.tsx";
import { ConnectionWord } from "./connection-word.tsx";
import { createEmulator } from "./emulator.ts";
import { KeyBar } from "./key-bar.tsx";
import { createLink, type Link, type LinkState } from "./link.ts";
import { Refusal } from "./refusal.tsx";
import { type SideFacts, SidePanel } from "./side-panel.tsx";

const RESIZE_QUIET_MS = 100;

/** Shows the terminal and its viewers. `watch` is the secret of a watch link. */
export function TerminalView({ watch }: { watch?: string }) {
  const element = useRef<HTMLDivElement>(null);
  const link = useRef<Link>(null);
  const type = useRef<(text: string) => void>(() => undefined);
  const [state, setState] = useState<LinkState>({ name: "connecting" });
  const [size, setSize] = useState({ cols: 80, rows: 24 });
  const [facts, setFacts] = useState<SideFacts>({ watchers: [], driver: null });
  const [notice, setNotice] = useState("");

  useEffect(() => {
    let end: (() => void) | undefined;
    let isGone = false;
    // The emulator measures its cells only once, so its font must already be loaded.
    const font = Promise.all(
      ["15px", "bold 15px"].map((weight) => document.fonts.load(`${weight} "JetBrains Mono"`)),
    );
    void font.finally(() => {
      if (!isGone && element.current) end = start(element.current);
    });
    return () => {
      isGone = true;
      end?.();
    };
  }, [watch]);

  /** Shows a terminal in an element until the returned function is called. */
  function start(host: HTMLElement): () => void {
    const { terminal, fittingSize, applyTheme } = createEmulator(host);
    let drives = !watch;
    const own = createLink({
      url: `${location.protocol.replace("http", "ws")}//${location.host}/ws`,
      watch,
      size: fittingSize,
      storage: sessionStorage,
      events: {
        state(next) {
          if (next.name === "connected") drives = next.role === "driver";
          setState(next);
        },
        viewers: ({ driver, watchers }) => setFacts((before) => ({ ...before, driver, watchers })),
        size(cols, rows) {
          terminal.resize(cols, rows);
          setSize({ cols, rows });
        },
        notice: setNotice,
        watchLink: (as, token) => setFacts((before) => ({ ...before, [as]: linkTo(token) })),
        output: (bytes, done) => terminal.write(bytes, done),
        reset: () => terminal.reset(),
      },
    });
    link.current = own;
    const encoder = new TextEncoder();
    type.current = (text) => own.input(encoder.encode(text));
    terminal.onData(type.current);
    terminal.onBinary((text) => own.input(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    terminal.attachCustomKeyEventHandler((event) => !isPageKey(event, terminal.getSelection()));

    let quiet: ReturnType<typeof setTimeout>;
    const observer = new ResizeObserver(() => {
      clearTimeout(quiet);
      quiet = setTimeout(() => {
        if (!drives) return;
        const { cols, rows } = fittingSize();
        own.resize(cols, rows);
      }, RESIZE_QUIET_MS);
    });
    observer.observe(host);
    addEventListener("themechange", applyTheme);
    own.connect();
    terminal.focus();
    return () => {
      observer.disconnect();
      removeEventListener("themechange", applyTheme);
      own.close();
      terminal.dispose();
    };
  }

  useEffect(() => {
    // Leaving the page while others watch its terminal needs confirmation, because it is not obvious that the terminal
    // can be resumed.
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    const isDriving = state.name === "connected" && state.role === "driver" && facts.watchers.length > 0;
    if (isDriving) addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [state, facts]);

  const isShown = state.name === "connected" || state.name === "connecting" || state.name === "waiting";
  const hasScreen = state.name === "connected";
  return (
    <div class="termview">
      <section class="panel frame" aria-label="Terminal">
        <div class="frame-bar">
          <ConnectionWord state={state} />
          <span class="dim hide-phone">
            {size.cols} × {size.rows}
          </span>
          <span class="dim clip" role="status">
            {notice}
          </span>
          <span class="end">
            <button
              class="btn quiet icon"
              type="button"
              aria-label="Full screen"
              title="Full screen"
              onClick={() => void element.current?.requestFullscreen()}
            >
              <Icon name="full" />
            </button>
          </span>
        </div>
        <div class={hasScreen ? "screen" : "screen stale"} ref={element} hidden={!isShown} />
        {!isShown && (
          <Refusal
            state={state}
            onRetry={() => link.current?.retryNow()}
            authorize={(token) => link.current?.authorize(token)}
          />
        )}
        <KeyBar onKey={(text) => type.current(text)} />
      </section>
      {state.name === "connected" && (
        <SidePanel
          state={state}
          facts={facts}
          share={(as) => link.current?.share(as)}
          handOver={(viewer) => link.current?.handOver(viewer)}
        />
      )}
    </div>
  );
}

function linkTo(token: string): string {
  return `${location.origin}${location.pathname}#/watch/${token}`;
}

/**
 * Returns whether the page handles a key instead of the terminal: the usual terminal keys for copy and paste, and
 * Ctrl+Shift+Esc, which moves the focus out of the terminal.
 */
function isPageKey(event: KeyboardEvent, selection: string): boolean {
  if (!event.ctrlKey || !event.shiftKey || event.type !== "keydown") return false;
  if (event.code === "KeyC" && selection) {
    event.preventDefault();
    void navigator.clipboard.writeText(selection);
    return true;
  }
  if (event.code === "Escape") {
    document.querySelector<HTMLElement>(".topbar a")?.focus();
    return true;
  }
  return event.code === "KeyV";
}
