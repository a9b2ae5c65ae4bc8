import type { ComponentChildren } from "preact";

interface PanelProps {
  readonly id: string;
  readonly title: string;
  readonly end?: ComponentChildren;
  readonly class?: string;
  /** Why the panel's own data are missing or old. */
  readonly error?: Error | undefined;
  readonly children: ComponentChildren;
}

/** A titled box. */
export function Panel({ id, title, end, class: className = "", error, children }: PanelProps) {
  return (
    <section class={`panel ${className}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        <span class="end">{end}</span>
      </header>
      <div class="body">
        {error ? (
          <p class="soft" role="alert">
            {error.message}
          </p>
        ) : (
          children
        )}
      </div>
    </section>
  );
}

/** What stands where there is nothing yet: what would be here, and how to get one. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}
