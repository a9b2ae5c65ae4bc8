import { Elysia } from "elysia";
import stylePath from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
// `type: "file"` embeds the assets in a compiled binary, so the page needs no network.
import bundlePath from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import { type OpenApiOptions, openApiDocument } from "./openapi.ts";

const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/** Serves `/openapi.json`, and the same document for people at `/docs`, with every asset served locally. */
export function createDocs(options: OpenApiOptions) {
  const document = openApiDocument(options);
  const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${options.title}</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<p style="margin: 1rem; font-family: sans-serif"><a href="/openapi.json">openapi.json</a>: the document for programs</p>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>`;
  const start = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", validatorUrl: null, tryItOutEnabled: true });`;
  const asset = (body: string | Blob, type: string) => () =>
    new Response(body, {
      headers: {
        "content-type": type,
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
      },
    });

  return new Elysia({ name: "docs" })
    .get("/openapi.json", () => document)
    .get("/docs", asset(page, "text/html; charset=utf-8"))
    .get("/docs/start.js", asset(start, "text/javascript; charset=utf-8"))
    .get("/docs/swagger-ui-bundle.js", asset(Bun.file(bundlePath), "text/javascript; charset=utf-8"))
    .get("/docs/swagger-ui.css", asset(Bun.file(stylePath), "text/css; charset=utf-8"));
}
