import { expect, test } from "bun:test";
import { parseAddressRanges } from "../../shared/address-ranges.ts";
import { createOriginPolicy } from "../../shared/http/origin.ts";
import { createAccess } from "./access.ts";
import { createTickets } from "./secrets.ts";

const access = (token?: string, proxies = "127.0.0.1, 10.0.0.0/8") =>
  createAccess({
    origins: createOriginPolicy("127.0.0.1", ""),
    trustedProxies: parseAddressRanges("PTY_TRUSTED_PROXIES", proxies),
    token,
    tickets: createTickets({ lifetimeMs: 60_000, max: 100 }),
  });

test.each([
  ["203.0.113.9", null, "203.0.113.9"],
  ["203.0.113.9", "198.51.100.1", "203.0.113.9"],
  ["127.0.0.1", "198.51.100.1", "198.51.100.1"],
  ["127.0.0.1", "198.51.100.1, 10.0.0.7", "198.51.100.1"],
  ["127.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"],
  ["::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"],
  ["127.0.0.1", "nonsense", "127.0.0.1"],
  ["127.0.0.1", "", "127.0.0.1"],
  ["127.0.0.1", "2001:db8::1", "2001:db8::1"],
])("a connection from %s with X-Forwarded-For %p is attributed to %s", (socket, forwarded, address) => {
  expect(access().addressOf(socket, forwarded)).toBe(address);
});

test("without a configured token every terminal opens; with one, each terminal needs an unused ticket", () => {
  expect(access().redeemTicket(undefined)).toBeUndefined();
  const guarded = access("correct horse");
  expect(guarded.ticketFor(null)).toBeUndefined();
  expect(guarded.ticketFor("Bearer wrong")).toBeUndefined();
  const ticket = guarded.ticketFor("Bearer correct horse");
  expect(guarded.redeemTicket(undefined)).toBe("AUTH_REQUIRED");
  expect(guarded.redeemTicket(`${"x".repeat(43)}`)).toBe("AUTH_FAILED");
  expect(guarded.redeemTicket(ticket)).toBeUndefined();
  expect(guarded.redeemTicket(ticket)).toBe("AUTH_FAILED");
});

test("an expired ticket is invalid, and only the newest tickets are kept", () => {
  const expired = createTickets({ lifetimeMs: -1, max: 10 });
  expect(expired.take(expired.issue())).toBe(false);
  const few = createTickets({ lifetimeMs: 60_000, max: 2 });
  const tickets = [few.issue(), few.issue(), few.issue()];
  expect(tickets.map(few.take)).toEqual([false, true, true]);
});
