import { expect, test } from "bun:test";
import { GATEWAY_ROUTES } from "../../contracts/gateway-routes.ts";
import { READ_MODEL_ROUTES } from "../../contracts/read-model-routes.ts";
import { SERVICE_NAMES } from "../../contracts/services.ts";
import { createMetrics } from "../metrics.ts";
import { createDocs } from "./docs.ts";
import { openApiDocument } from "./openapi.ts";
import { createOps } from "./ops.ts";

const about = { title: "Test", version: "1.0.0", description: "For a test" };

test("every service's home page names the service, and its links work", async () => {
  for (const service of SERVICE_NAMES) {
    const ops = createOps({
      service,
      version: "1.0.0",
      metrics: createMetrics(service),
      engines: {},
      links: { "/docs": "Its routes", "/openapi.json": "OpenAPI document for programs" },
      stopping: new AbortController().signal,
    }).use(createDocs({ ...about, routes: GATEWAY_ROUTES }));
    const reply = await ops.handle(new Request("http://localhost/"));
    expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    const page = await reply.text();
    expect(page).toContain(`<h1>${service}</h1>`);
    const links = [...page.matchAll(/href="(\/[^"]*)"/g)].map(([, path = ""]) => path);
    expect(links).toEqual(["/docs", "/openapi.json", "/readyz", "/healthz", "/metrics"]);
    for (const path of links)
      expect([path, (await ops.handle(new Request(`http://localhost${path}`))).status]).toEqual([path, 200]);
  }
});

test("every operation in /docs has a group, and the page links to the OpenAPI document", async () => {
  for (const routes of [GATEWAY_ROUTES, READ_MODEL_ROUTES]) {
    const { tags, paths } = openApiDocument({ ...about, routes }) as {
      tags: { name: string }[];
      paths: Record<string, Record<string, { tags: string[] }>>;
    };
    const used = Object.values(paths).flatMap((methods) => Object.values(methods).flatMap((one) => one.tags));
    expect(used).toHaveLength(Object.keys(routes).length);
    expect([...new Set(used)].sort()).toEqual(tags.map(({ name }) => name).sort());
    const docs = createDocs({ ...about, routes });
    const page = await (await docs.handle(new Request("http://localhost/docs"))).text();
    expect(page).toContain('href="/openapi.json"');
  }
});
