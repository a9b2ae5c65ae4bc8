import { expect, test } from "bun:test";
import { createReplicas } from "./replicas.ts";

const names = (entries: Record<string, string[]>) => async (host: string) => {
  const found = entries[host];
  if (!found) throw new Error(`${host} has no address`);
  return found;
};

test("a host name with several IP addresses yields one replica per address", async () => {
  const lookup = names({ processor: ["10.0.0.1", "10.0.0.2"] });
  expect(await createReplicas(["http://processor:3001/"], lookup)()).toEqual([
    "http://10.0.0.1:3001",
    "http://10.0.0.2:3001",
  ]);
});

test("the next call sees replicas that were added or removed", async () => {
  const now = { processor: ["10.0.0.1"] };
  const replicas = createReplicas(["http://processor:3001"], names(now));
  expect(await replicas()).toEqual(["http://10.0.0.1:3001"]);
  now.processor = ["10.0.0.3", "10.0.0.1"];
  expect(await replicas()).toEqual(["http://10.0.0.3:3001", "http://10.0.0.1:3001"]);
});

test("a host name that does not resolve is kept, so a request to it fails with the reason", async () => {
  const replicas = createReplicas(["http://nowhere:3001", "http://10.0.0.1:3001"], names({}));
  expect(await replicas()).toEqual(["http://nowhere:3001", "http://10.0.0.1:3001"]);
});

test("the host name of an https URL is kept, and an IPv6 address gets brackets", async () => {
  const lookup = names({ processor: ["fd00::7"], secure: ["10.0.0.1"] });
  expect(await createReplicas(["https://secure", "http://processor:3001/base/"], lookup)()).toEqual([
    "https://secure",
    "http://[fd00::7]:3001/base",
  ]);
});

test("names are resolved by the machine's resolver by default, and each replica appears once", async () => {
  const replicas = createReplicas(["http://localhost:3001", "http://localhost:3001"]);
  expect(await replicas()).toHaveLength(1);
});
