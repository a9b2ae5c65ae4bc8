import type { ComponentChildren } from "preact";

interface PanelProps {
  readonly id: string;
  readonly title: string;
  readonly end?: ComponentChildren;
  readonly class?: string;
  /** Why the panel's data is missing or old. */
  readonly error?: Error | undefined;
  /**
   * Whether the first data is still loading. Neighbouring panels stay hidden until it arrives, so that nothing moves.
   */
  readonly busy?: boolean;
  /** Whether rows extend from edge to edge. */
  readonly flush?: boolean;
  readonly children: ComponentChildren;
}

/** A titled box. */
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
            {error.message}. The page tries again by itself.
          </p>
        ) : (
          children
        )}
      </div>
    </section>
  );
}

/** Shows an empty state: the missing content, and how to get it. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}
