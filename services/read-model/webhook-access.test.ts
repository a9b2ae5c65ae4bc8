import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWebhookAccess } from "./webhook-access.ts";

const refused = expect.objectContaining({ code: "UNAUTHORIZED" });
const none = { token: undefined, tokenFile: undefined, bindAddress: "127.0.0.1" };

test("with a token, only requests that send it as a bearer token pass", () => {
  const check = createWebhookAccess({ ...none, token: "s3cret" });
  expect(() => check("Bearer s3cret")).not.toThrow();
  expect(() => check("bearer s3cret")).not.toThrow();
  for (const wrong of [null, "", "s3cret", "Bearer", "Bearer s3cre", "Bearer s3cret2", "Basic s3cret"])
    expect(() => check(wrong)).toThrow(refused);
});

test("without a token, the webhook accepts every request if it listens on loopback, and no request otherwise", () => {
  expect(() => createWebhookAccess(none)(null)).not.toThrow();
  expect(() => createWebhookAccess({ ...none, bindAddress: "0.0.0.0" })("Bearer anything")).toThrow(refused);
});

test("with a token file, the webhook accepts no request until the file has a token, even on loopback", () => {
  const folder = mkdtempSync(join(tmpdir(), "webhook-"));
  const tokenFile = join(folder, "token");
  const check = createWebhookAccess({ ...none, tokenFile });
  expect(() => check(null)).toThrow(refused);
  writeFileSync(tokenFile, "\n");
  expect(() => check("Bearer ")).toThrow(refused);
  writeFileSync(tokenFile, "made-later\n");
  expect(() => check("Bearer made-later")).not.toThrow();
  expect(() => check("Bearer other")).toThrow(refused);
  rmSync(folder, { recursive: true });
});
