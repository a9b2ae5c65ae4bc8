import { useEffect, useState } from "preact/hooks";
import { Icon } from "../icon.tsx";

interface ActionButtonProps {
  /** A verb, with a count if it acts on several items. */
  readonly label: string;
  /** The label shown if the command takes a long time. */
  readonly busyLabel: string;
  readonly icon?: string;
  readonly tone?: "primary" | "danger";
  readonly shown?: string;
  /** Why the button is disabled. The button stays focusable, and the view shows the reason. */
  readonly why?: string | undefined;
  readonly run: () => Promise<unknown>;
}

const BUSY_MS = 300;

/** A button that runs one command at a time. */
export function ActionButton({ label, busyLabel, icon, tone, shown, why, run }: ActionButtonProps) {
  const [isBusy, setBusy] = useState(false);
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    if (!isBusy) return setLong(false);
    const timer = setTimeout(() => setLong(true), BUSY_MS);
    return () => clearTimeout(timer);
  }, [isBusy]);
  return (
    <button
      class={tone ? `btn ${tone}` : "btn"}
      type="button"
      title={why}
      aria-disabled={why !== undefined || isBusy}
      onClick={() => {
        if (why !== undefined || isBusy) return;
        setBusy(true);
        void run().finally(() => setBusy(false));
      }}
    >
      {icon && <Icon name={icon} />}
      {isLong ? busyLabel : label}
      {shown && <kbd>{shown}</kbd>}
    </button>
  );
}
