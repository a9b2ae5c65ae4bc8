import { Elysia } from "elysia";

export interface HomeOptions {
  readonly service: string;
  readonly version: string;
  /** The service's purpose, as a sentence without a period. */
  readonly purpose: string;
  /** The service's pages by path, besides those for operators. */
  readonly links?: Readonly<Record<string, string>>;
}

const OPERATIONS = {
  "/readyz": "Whether it is ready, and if not, why",
  "/healthz": "Whether the process is alive",
  "/metrics": "Metrics for Prometheus",
};
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

/** Serves `/`, a page that explains the service to anyone who opens its URL. */
export function createHome({ service, version, purpose, links = {} }: HomeOptions) {
  const items = Object.entries({ ...links, ...OPERATIONS }).map(
    ([path, text]) => `<li><a href="${path}"><code>${path}</code></a> ${text}</li>`,
  );
  const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${service}, Task Observatory</title>
<link rel="icon" href="data:,">
<style>body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color-scheme: light dark }</style>
</head>
<body>
<h1>${service}</h1>
<p>${purpose}. Part of the Distributed Task Observatory, version ${version}.</p>
<ul>
${items.join("\n")}
</ul>
</body>
</html>`;
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
  };
  return new Elysia({ name: "home" }).get("/", () => new Response(page, { headers }));
}
