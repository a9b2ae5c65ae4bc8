import { expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { createOriginPolicy } from "./origin.ts";

const request = (host: string, origin?: string) =>
  new Request("http://ignored/", { headers: { host, ...(origin && { origin }) } });

test("requests without an Origin header (from callers other than browsers) to loopback hosts are allowed", () => {
  const policy = createOriginPolicy("127.0.0.1", "");
  for (const host of ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "localhost"])
    expect(policy.refusal(request(host))).toBeUndefined();
});

test("requests from another site's page, or to a foreign host name that DNS rebinding points here, are refused", () => {
  const policy = createOriginPolicy("127.0.0.1", "");
  expect(policy.refusal(request("localhost:3000", "https://evil.example"))).toContain("evil.example");
  expect(policy.refusal(request("localhost:3000", "http://localhost:9999"))).toContain("ALLOWED_ORIGINS");
  expect(policy.refusal(request("localhost:3000", "null"))).toContain("null");
  expect(policy.refusal(request("evil.example:3000"))).toContain("evil.example");
});

test("a host that cannot be part of a URL is refused", () => {
  const policy = createOriginPolicy("127.0.0.1", "");
  expect(policy.refusal(request("localhost:65535"))).toBeUndefined();
  const open = createOriginPolicy("0.0.0.0", "");
  for (const host of ["localhost:65536", "[::1]:99999", "[127.0.0.1]:80", "::1]:80"])
    for (const each of [policy, open]) expect(each.refusal(request(host))).toContain("URL");
});

test("requests from the service's own pages, the web page and allowed origins are allowed", () => {
  const policy = createOriginPolicy("0.0.0.0", "https://desk.example:8443, http://gateway:3000");
  expect(policy.refusal(request("localhost:3000", "http://localhost:3000"))).toBeUndefined();
  expect(policy.refusal(request("localhost:3000", "http://localhost:8081"))).toBeUndefined();
  expect(policy.refusal(request("desk.example:8443", "https://desk.example:8443"))).toBeUndefined();
  expect(policy.refusal(request("gateway:3000"))).toBeUndefined();
});

test("a service that listens on all addresses accepts only this machine's addresses as Host", () => {
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  expect(own.length).toBeGreaterThan(0);
  for (const { address, family } of own) {
    const host = family === "IPv6" ? `[${address}]:3001` : `${address}:3001`;
    expect(createOriginPolicy("0.0.0.0", "").refusal(request(host))).toBeUndefined();
  }
  expect(createOriginPolicy("0.0.0.0", "").refusal(request("192.0.2.1:3001"))).toContain("192.0.2.1");
  expect(createOriginPolicy("192.0.2.2", "").refusal(request("127.9.9.9:3001"))).toContain("127.9.9.9");
});

test("an invalid allowed origin throws at startup", () => {
  expect(() => createOriginPolicy("127.0.0.1", "desk.example")).toThrow("ALLOWED_ORIGINS");
});
