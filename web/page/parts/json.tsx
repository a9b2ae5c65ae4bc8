import type { ComponentChildren } from "preact";

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\btrue\b|\bfalse\b|\bnull\b)/g;

/** Shows a value as highlighted JSON. The block scrolls, so it must be focusable. */
export function Json({ value, label }: { value: unknown; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="code-block" tabIndex={0} aria-label={label}>
      <pre>{tokens(JSON.stringify(value, null, 2) ?? "")}</pre>
    </section>
  );
}

function tokens(text: string): ComponentChildren[] {
  const parts: ComponentChildren[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    parts.push(text.slice(end, match.index));
    const [whole, string, colon, literal] = match;
    if (literal !== undefined) parts.push(<span class="n">{literal}</span>);
    else if (colon !== undefined) parts.push(<span class="k">{string}</span>, colon);
    else parts.push(whole);
    end = match.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}
