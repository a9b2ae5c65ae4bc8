import { expect, test } from "bun:test";
import jobType from "./http-check.ts";
import { tryOut } from "./try-out.ts";

test("reports the reply from an allowed address, and refuses to fetch from any other", async () => {
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response(null, { status: 204 }),
  });
  const url = `http://127.0.0.1:${server.port}/`;
  const { result } = await tryOut(jobType, { url, expectStatus: 204 }, { allow: ["127.0.0.0/8"] });
  expect(result).toMatchObject({ url, status: 204 });
  await expect(tryOut(jobType, { url }, { allow: ["127.0.0.0/8"] })).rejects.toMatchObject({
    code: "UNEXPECTED_STATUS",
  });
  await expect(tryOut(jobType, { url })).rejects.toMatchObject({
    code: "ADDRESS_REFUSED",
    message: "HTTP_CHECK_ALLOW does not list 127.0.0.1",
  });
  await server.stop(true);
  await expect(tryOut(jobType, { url }, { allow: ["127.0.0.0/8"] })).rejects.toMatchObject({
    code: "UNREACHABLE",
    message: `GET ${url} failed: connection refused`,
  });
});
