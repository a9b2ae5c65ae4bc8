import { expect, test } from "bun:test";
import { SERVICE_NAMES } from "../../contracts/services.ts";
import { servicesOf } from "./watch-sources.ts";

test("a service's own file touches that service, a shared one all", () => {
  expect(servicesOf("services/gateway/app.ts")).toEqual(["gateway"]);
  expect(servicesOf("services/processor/migrations/001_initial.sql")).toEqual(["processor"]);
  expect(servicesOf("services/read-model/VERSION")).toEqual(["read-model"]);
  expect(servicesOf("shared/log.ts")).toEqual(SERVICE_NAMES);
  expect(servicesOf("contracts/job.ts")).toEqual(SERVICE_NAMES);
});

test("tests, the build, generated files and editors' own files touch none", () => {
  for (const file of [
    "services/gateway/fingerprint.test.ts",
    "shared/build/main.ts",
    "contracts/schemas/job.json",
    "services/gateway/.app.ts",
    "services/gateway/app.ts~",
    "services/gateway/4913",
  ])
    expect(servicesOf(file)).toEqual([]);
});
