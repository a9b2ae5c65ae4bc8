import type { AlertsReply } from "../../contracts/api-queries.ts";
import { didYouMean, nearest } from "../../contracts/nearest.ts";
import { AppError } from "../../shared/errors.ts";
import { readRunbooks } from "./read-runbooks.ts" with { type: "macro" };

const TEXTS: Readonly<Record<string, string>> = readRunbooks();
/** A runbook URL as in the alerting rules, which is valid only on the machine that runs this service. */
const OWN_RUNBOOK = /^http:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?\/runbooks\/(\w+)$/;

const STYLE = `body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
pre { padding: 0.75rem; overflow-x: auto; border: 1px solid #8884; border-radius: 4px; }
:root { color-scheme: light dark; }`;

/**
 * Renders a runbook as a page. If it does not exist, throws ROUTE_NOT_FOUND and suggests the nearest names or the
 * index.
 */
export function runbookPage(path: string): string {
  const name = path.replace(/\.md$/, "");
  const text = Object.hasOwn(TEXTS, name) ? TEXTS[name] : undefined;
  if (text === undefined) {
    const hint = didYouMean(nearest(name, Object.keys(TEXTS))) || "; see /runbooks/README";
    throw new AppError("ROUTE_NOT_FOUND", `There is no runbook ${JSON.stringify(name.slice(0, 64))}${hint}`);
  }
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name} · Task Observatory</title>
<style>${STYLE}</style>
</head>
<body>
${Bun.markdown.html(withoutOtherLinks(text))}
<p><a href="README">All runbooks</a> · <a href="/alerts">Firing alerts</a></p>
</body>
</html>`;
}

/** Points runbook links at `origin`, where callers on any machine reach this service. */
export function withRunbooks(alerts: AlertsReply, origin: string): AlertsReply {
  const items = alerts.items.map((alert) => {
    const [, name] = OWN_RUNBOOK.exec(alert.runbookUrl ?? "") ?? [];
    return name && Object.hasOwn(TEXTS, name)
      ? { ...alert, runbookUrl: `${origin}/runbooks/${name}` }
      : alert;
  });
  return { ...alerts, items };
}

/** Replaces links to pages outside the folder with their text, because those pages are not served. */
function withoutOtherLinks(markdown: string): string {
  return markdown.replaceAll(/\[([^\]]+)\]\(\.\.\/[^)]*\)/g, "$1");
}
