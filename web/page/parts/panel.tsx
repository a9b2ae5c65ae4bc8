import type { ComponentChildren } from "preact";

interface PanelProps {
  readonly id: string;
  readonly title: string;
  readonly end?: ComponentChildren;
  readonly class?: string;
  /** Why the panel's data is missing or stale. */
  readonly error?: Error | undefined;
  /**
   * Whether the panel is still loading its first data. Neighboring panels stay hidden until the data arrives, so that
   * the layout does not shift.
   */
  readonly busy?: boolean;
  /** Whether rows extend from edge to edge. */
  readonly flush?: boolean;
  readonly children: ComponentChildren;
}

export function Panel({
  id,
  title,
  end,
  class: className = "",
  error,
  flush = false,
  busy = false,
  children,
}: PanelProps) {
  return (
    <section class={`panel ${className}`} aria-labelledby={id} aria-busy={busy}>
      <header>
        <h2 id={id}>{title}</h2>
        <span class="end">{end}</span>
      </header>
      <div class={flush && !error ? "flush" : "body"}>
        {error ? (
          <p class="soft" role="alert">
            {error.message}. The page keeps retrying.
          </p>
        ) : (
          children
        )}
      </div>
    </section>
  );
}

/** Shows what is missing and how to get it. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}
