import { useEffect, useState } from "preact/hooks";
import { Icon } from "../icon.tsx";
import { type LinkState, NO_ANSWER, type TokenFault } from "./link.ts";

const RETRY_SECONDS = 20;
const TOKEN_FAULTS: Record<TokenFault, string> = {
  wrong: "The token is wrong.",
  unanswered: `${NO_ANSWER}.`,
};

interface RefusalProps {
  readonly state: LinkState;
  readonly onRetry: () => void;
  readonly authorize: (token: string) => Promise<TokenFault | undefined> | undefined;
}

/** Explains why there is no terminal and what to do about it. */
export function Refusal({ state, onRetry, authorize }: RefusalProps) {
  if (state.name === "ended")
    return (
      <Message
        icon="term"
        title="The program has ended"
        text={`It ended with ${state.detail}.`}
        action="Start a new one"
        onAction={onRetry}
      />
    );
  if (state.name === "replaced")
    return (
      <Message
        icon="eye"
        title="Opened elsewhere"
        text="Another page took over this terminal."
        action="Take it back"
        onAction={onRetry}
      />
    );
  if (state.name !== "refused") return null;
  if (state.code === "AUTH_REQUIRED" || state.code === "AUTH_FAILED")
    return <TokenForm authorize={authorize} />;
  if (state.code === "ORIGIN_REFUSED")
    return (
      <Message
        icon="failed"
        title="This page is not allowed to connect"
        text={`${state.detail}. Start the terminal service with ALLOWED_ORIGINS=${location.origin}`}
        action="Try again"
        onAction={onRetry}
      />
    );
  const isFull = state.code === "PER_IP_CAP" || state.code === "GLOBAL_CAP";
  return (
    <Message
      icon={isFull ? "term" : "plug"}
      title={isFull ? "Too many sessions" : "The terminal is not available"}
      text={state.detail}
      action="Try the terminal again"
      onAction={onRetry}
      retries
    />
  );
}

interface MessageProps {
  readonly icon: string;
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onAction: () => void;
  /** Whether the page tries again automatically. */
  readonly retries?: boolean;
}

function Message({ icon, title, text, action, onAction, retries = false }: MessageProps) {
  const [left, setLeft] = useState(RETRY_SECONDS);
  useEffect(() => {
    if (!retries) return;
    if (left === 0) onAction();
    const timer = setTimeout(() => setLeft(left === 0 ? RETRY_SECONDS : left - 1), 1_000);
    return () => clearTimeout(timer);
  }, [left, retries]);
  return (
    <div class="message">
      <Icon name={icon} />
      <h2>{title}</h2>
      <p>
        {text}
        {retries && ` The next try is in ${left} s.`}
      </p>
      <div class="actions">
        <button class="btn primary" type="button" onClick={onAction}>
          {action}
        </button>
        <a class="btn" href="#/overview">
          Use the dashboard
        </a>
      </div>
    </div>
  );
}

function TokenForm({ authorize }: Pick<RefusalProps, "authorize">) {
  const [token, setToken] = useState("");
  const [fault, setFault] = useState<TokenFault>();
  return (
    <form
      class="message"
      onSubmit={(event) => {
        event.preventDefault();
        void authorize(token)?.then(setFault);
      }}
    >
      <Icon name="term" />
      <h2>This terminal needs a token</h2>
      <p>Enter the value of PTY_AUTH_TOKEN. The page exchanges it for a ticket and does not store it.</p>
      <label class="field">
        <span>Token</span>
        <input
          type="password"
          autocomplete="current-password"
          value={token}
          aria-invalid={fault === "wrong"}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
      </label>
      {fault && <p role="alert">{TOKEN_FAULTS[fault]}</p>}
      <button class="btn primary" type="submit">
        Open the terminal
      </button>
    </form>
  );
}
