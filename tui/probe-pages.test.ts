import { afterAll, expect, test } from "bun:test";
import { openPage, probePages } from "./probe-pages.ts";
import { sampleOverview } from "./testing/sample-data.ts";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: ({ url }) => new Response("", { status: url.endsWith("/docs") ? 200 : 500 }),
});
afterAll(() => server.stop(true));

const signal = AbortSignal.timeout(30_000);
const nowhere = { readModelUrl: "http://127.0.0.1:9", gatewayUrl: "http://127.0.0.1:9" };
const probe = async (...args: Parameters<typeof probePages>) => {
  const pages = await probePages(...args);
  return (id: string) => pages.find((page) => page.id === id);
};

test("the APIs' documentation pages are probed at the URLs where the program found the APIs", async () => {
  const gatewayUrl = `http://127.0.0.1:${server.port}`;
  const page = await probe({ ...nowhere, gatewayUrl }, undefined, signal);
  expect(page("gateway-docs")).toMatchObject({ state: "reachable", url: `${gatewayUrl}/docs` });
  expect(page("read-model-docs")).toMatchObject({ state: "unreachable", reason: "does not answer" });
});

test("in server mode, the engines and capabilities of the system determine which pages are listed as reachable", async () => {
  const full = await probe(nowhere, sampleOverview({ engines: "full" }), signal, { serverMode: true });
  expect(full("grafana")).toMatchObject({
    state: "reachable",
    url: expect.stringContaining("http://localhost:"),
  });
  const capabilities = { prometheus: false, alerts: false };
  const embedded = await probe(nowhere, sampleOverview({ capabilities }), signal, { serverMode: true });
  expect(embedded("grafana")).toMatchObject({
    state: "absent",
    reason: "only in the full system, under Compose",
  });
  expect(embedded("prometheus")).toMatchObject({ state: "absent", reason: "no prometheus on the PATH" });
});

test("over SSH, a page's URL is copied instead of opened; a URL that is not http or https is always copied", () => {
  const ssh = { SSH_CONNECTION: "10.0.0.1 1 10.0.0.2 22", DISPLAY: ":0" };
  expect(openPage("http://localhost:3000/docs", ssh)).toEqual({
    text: "Copied http://localhost:3000/docs",
    copied: true,
  });
  expect(openPage("file:///etc/passwd", { DISPLAY: ":0" }).copied).toBe(true);
});
