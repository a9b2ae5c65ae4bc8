import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProcess } from "../../shared/process-tree.ts";
import { terminalCommand } from "./greeting.ts";

const folder = mkdtempSync(join(tmpdir(), "observatory-greeting-"));
afterAll(() => rmSync(folder, { recursive: true }));

const here = { gateway: "http://127.0.0.1:3000", "read-model": "http://127.0.0.1:8080" };
mkdirSync(join(folder, ".observatory"));
writeFileSync(
  join(folder, ".observatory/dev.json"),
  JSON.stringify({ owner: findProcess(process.pid), services: here }),
);

test("the command for a system that runs from this folder contains no URLs", () => {
  expect(terminalCommand(here.gateway, here["read-model"], folder)).toBe("bun run odd-dashboard");
});

test("the command for a system that runs from another folder contains its URLs, even while a system runs from this folder", () => {
  const elsewhere = ["http://127.0.0.1:3004", "http://127.0.0.1:8083"] as const;
  const command =
    "READ_MODEL_URL=http://127.0.0.1:8083 GATEWAY_URL=http://127.0.0.1:3004 bun run odd-dashboard";
  for (const place of [folder, tmpdir()]) expect(terminalCommand(...elsewhere, place)).toBe(command);
});
