import { expect, test } from "bun:test";
import { createWebhookAccess } from "./webhook-access.ts";

const refused = expect.objectContaining({ code: "UNAUTHORIZED" });

test("with a token, only its bearer passes", () => {
  const check = createWebhookAccess("s3cret", "127.0.0.1");
  expect(() => check("Bearer s3cret")).not.toThrow();
  expect(() => check("bearer s3cret")).not.toThrow();
  for (const wrong of [null, "", "s3cret", "Bearer", "Bearer s3cre", "Bearer s3cret2", "Basic s3cret"])
    expect(() => check(wrong)).toThrow(refused);
});

test("without one, it is open on loopback and closed elsewhere", () => {
  expect(() => createWebhookAccess(undefined, "127.0.0.1")(null)).not.toThrow();
  expect(() => createWebhookAccess(undefined, "0.0.0.0")("Bearer anything")).toThrow(refused);
});
