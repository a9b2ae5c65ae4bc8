import { afterAll, expect, test } from "bun:test";
import { behavior } from "../support/suite.ts";

behavior("an http-check", {}, (world) => {
  const hits: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const url = new URL(request.url);
      hits.push(`${request.headers.get("host")}${url.pathname}`);
      if (url.pathname === "/to") return Response.redirect(url.searchParams.get("url") ?? "/", 302);
      if (url.pathname === "/loop") return Response.redirect("/loop", 302);
      return new Response("fine", { status: Number(url.searchParams.get("status") ?? 200) });
    },
  });
  afterAll(() => server.stop(true));
  const base = `http://localhost:${server.port}`;

  const check = async (url: string, more: object = {}) => {
    const id = await world().submit({ type: "http-check", payload: { url, ...more }, maxAttempts: 1 });
    await Promise.race([world().untilStatus(id, "COMPLETED"), world().untilStatus(id, "FAILED")]);
    return world().job(id);
  };

  test("reports the status of a page on this machine", async () => {
    expect(await check(`${base}/page`)).toMatchObject({
      status: "COMPLETED",
      result: { status: 200, url: `${base}/page` },
    });
    expect(hits).toContain(`localhost:${server.port}/page`);
    expect(await check(`${base}/gone?status=404`, { expectStatus: 404 })).toMatchObject({
      status: "COMPLETED",
    });
    expect(await check(`${base}/gone?status=500`)).toMatchObject({
      status: "FAILED",
      error: { code: "UNEXPECTED_STATUS" },
    });
  });

  test("follows redirects on this machine, up to a limit", async () => {
    expect(await check(`${base}/to?url=${encodeURIComponent(`${base}/page`)}`)).toMatchObject({
      status: "COMPLETED",
    });
    expect(await check(`${base}/loop`)).toMatchObject({
      status: "FAILED",
      error: { code: "TOO_MANY_REDIRECTS" },
    });
  });

  test.each([
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.1/",
    "http://0.0.0.0:1/",
    "http://[::ffff:10.0.0.1]/",
    "http://2130706433.example/",
  ])("refuses %s, whose address is not allowed or does not resolve", async (url) => {
    const job = await check(url);
    expect(job.status).toBe("FAILED");
    expect(job.error?.code).toMatch(/ADDRESS_REFUSED|UNREACHABLE/);
  });

  test("refuses a redirect to another machine", async () => {
    const job = await check(`${base}/to?url=${encodeURIComponent("http://192.0.2.1/")}`);
    expect(job).toMatchObject({ status: "FAILED", error: { code: "ADDRESS_REFUSED" } });
  });
});
