import { expect, test } from "bun:test";
import { createOriginPolicy } from "./origin.ts";

const request = (host: string, origin?: string) =>
  new Request("http://ignored/", { headers: { host, ...(origin && { origin }) } });

test("loopback hosts and callers that are no browsers pass", () => {
  const policy = createOriginPolicy("127.0.0.1", "");
  for (const host of ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "localhost"])
    expect(policy.refusal(request(host))).toBeUndefined();
});

test("a page of another site, and a name that was rebound to loopback, are refused", () => {
  const policy = createOriginPolicy("127.0.0.1", "");
  expect(policy.refusal(request("localhost:3000", "https://evil.example"))).toContain("evil.example");
  expect(policy.refusal(request("localhost:3000", "http://localhost:9999"))).toContain("ALLOWED_ORIGINS");
  expect(policy.refusal(request("localhost:3000", "null"))).toContain("null");
  expect(policy.refusal(request("evil.example:3000"))).toContain("evil.example");
});

test("the service's own pages, the web page and allowed origins pass", () => {
  const policy = createOriginPolicy("0.0.0.0", "https://desk.example:8443, http://gateway:3000");
  expect(policy.refusal(request("localhost:3000", "http://localhost:3000"))).toBeUndefined();
  expect(policy.refusal(request("localhost:3000", "http://localhost:8081"))).toBeUndefined();
  expect(policy.refusal(request("desk.example:8443", "https://desk.example:8443"))).toBeUndefined();
  expect(policy.refusal(request("gateway:3000"))).toBeUndefined();
});

test("an allowed origin that is none is a fault at the start", () => {
  expect(() => createOriginPolicy("127.0.0.1", "desk.example")).toThrow("ALLOWED_ORIGINS");
});
