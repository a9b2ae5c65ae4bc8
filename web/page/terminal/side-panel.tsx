import { Icon } from "../icon.tsx";
import type { LinkState } from "./link.ts";

export interface SideFacts {
  readonly driver: number | null;
  readonly watchers: readonly number[];
  readonly watch?: string;
  readonly join?: string;
}

interface SidePanelProps {
  readonly state: Extract<LinkState, { name: "connected" }>;
  readonly facts: SideFacts;
  readonly share: (as: "watch" | "join") => void;
  readonly handOver: (viewer: number) => void;
}

/** Shows the session, its viewers, and the links that let others join. */
export function SidePanel({ state: { session, role, resumed }, facts, share, handOver }: SidePanelProps) {
  const drives = role === "driver";
  return (
    <aside class="stack side">
      <section class="panel" aria-labelledby="session">
        <header>
          <h2 id="session">Session</h2>
          <span class="end mono">{session.session.slice(-8)}</span>
        </header>
        <div class="body">
          <dl class="facts">
            <dt>You</dt>
            <dd>{session.readOnly || !drives ? "watch" : "type and set the size"}</dd>
            <dt>Resumed</dt>
            <dd>{resumed === 0 ? "never" : resumed === 1 ? "once" : `${resumed} times`}</dd>
          </dl>
          {session.readOnly && (
            <p class="soft">Read-only: start web-pty with a token or PTY_READ_ONLY=false to type here.</p>
          )}
        </div>
      </section>
      <section class="panel" aria-labelledby="viewers">
        <header>
          <h2 id="viewers">Viewers</h2>
          <span class="end">{facts.watchers.length + (facts.driver === null ? 0 : 1)}</span>
        </header>
        <div class="body">
          <ul>
            {facts.driver !== null && (
              <li class="viewer">
                <Icon name="term" />
                {facts.driver === session.viewer ? "You" : `Viewer ${facts.driver}`}
                <span class="end">types</span>
              </li>
            )}
            {facts.watchers.map((viewer) => (
              <li class="viewer" key={viewer}>
                <Icon name="eye" />
                {viewer === session.viewer ? "You" : `Viewer ${viewer}`}
                {drives && facts.join && (
                  <button class="link end" type="button" onClick={() => handOver(viewer)}>
                    Hand over
                  </button>
                )}
              </li>
            ))}
          </ul>
        </div>
      </section>
      {drives && (
        <>
          <LinkPanel
            title="Watch link"
            note="read-only"
            text="Lets a colleague watch this screen, but never type."
            url={facts.watch}
            make={() => share("watch")}
          />
          <LinkPanel
            title="Join link"
            note="can be handed control"
            text="Lets a colleague type after you hand over control."
            url={facts.join}
            make={() => share("join")}
          />
        </>
      )}
    </aside>
  );
}

function LinkPanel({
  title,
  note,
  text,
  url,
  make,
}: {
  title: string;
  note: string;
  text: string;
  url: string | undefined;
  make: () => void;
}) {
  const id = title.toLowerCase().replace(" ", "-");
  return (
    <section class="panel" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        <span class="end">{note}</span>
      </header>
      <div class="body">
        <p class="soft">{text}</p>
        {url && (
          <div class="copyfield">
            <code class="clip">{url}</code>
            <button class="btn" type="button" onClick={() => void navigator.clipboard.writeText(url)}>
              <Icon name="copy" />
              Copy
            </button>
          </div>
        )}
        <button class="link" type="button" onClick={make}>
          {url ? "Revoke and create a new link" : "Create a link"}
        </button>
      </div>
    </section>
  );
}
