import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProcess } from "../process-tree.ts";
import { findAddresses } from "./addresses.ts";

const folder = mkdtempSync(join(tmpdir(), "observatory-addresses-"));
afterAll(() => rmSync(folder, { recursive: true }));

const defaults = { gatewayUrl: "http://localhost:3000", readModelUrl: "http://localhost:8080" };
const services = { gateway: "http://127.0.0.1:3004", "read-model": "http://127.0.0.1:8083" };

function writeState(state: object): string {
  const project = mkdtempSync(join(folder, "project-"));
  mkdirSync(join(project, ".observatory"));
  mkdirSync(join(project, "deep/inside"), { recursive: true });
  writeFileSync(join(project, ".observatory/dev.json"), JSON.stringify(state));
  return join(project, "deep/inside");
}

test("environment variables set the services' URLs, with or without a trailing slash", () => {
  const env = { GATEWAY_URL: "https://gateway.example/", READ_MODEL_URL: "http://reader:1" };
  expect(findAddresses(env, folder)).toEqual({
    gatewayUrl: "https://gateway.example",
    readModelUrl: "http://reader:1",
  });
  expect(() => findAddresses({ GATEWAY_URL: "localhost:3000" }, folder)).toThrow(
    'GATEWAY_URL is "localhost:3000", expected a URL',
  );
});

test("an observatory running in this folder or a parent is found, but environment variables take precedence", () => {
  const owner = findProcess(process.pid);
  const inside = writeState({ owner, services });
  expect(findAddresses({}, inside)).toEqual({
    gatewayUrl: services.gateway,
    readModelUrl: services["read-model"],
  });
  expect(findAddresses({ GATEWAY_URL: "http://other:1" }, inside).gatewayUrl).toBe("http://other:1");
});

test("an observatory that has ended, or has not yet started its services, is ignored", () => {
  expect(findAddresses({}, folder)).toEqual(defaults);
  const gone = writeState({ owner: { pid: process.pid, startedAt: "another time" }, services });
  expect(findAddresses({}, gone)).toEqual(defaults);
  const starting = writeState({ owner: findProcess(process.pid), services: {} });
  expect(findAddresses({}, starting)).toEqual(defaults);
});
