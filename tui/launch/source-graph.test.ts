import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SERVICE_NAMES } from "../../contracts/services.ts";
import { readSourceGraph, SourceError, servicesWith } from "./source-graph.ts";

const project = join(import.meta.dir, "../..");
const graph = readSourceGraph(project);
const servicesOf = (...files: string[]) => [...servicesWith(new Set(files), graph)];

const broken = mkdtempSync(join(tmpdir(), "observatory-graph-"));
afterAll(() => rmSync(broken, { recursive: true, force: true }));

test("a service's own file affects only that service; a shared file affects the services that import it", () => {
  expect(servicesOf("services/gateway/app.ts")).toEqual(["gateway"]);
  expect(servicesOf("services/processor/migrations/001_initial.sql")).toEqual(["processor"]);
  expect(servicesOf("services/read-model/VERSION")).toEqual(["read-model"]);
  expect(servicesOf("shared/log.ts")).toEqual([...SERVICE_NAMES]);
  expect(servicesOf("shared/observations/postgres/observations.ts")).toEqual([
    "metrics-engine",
    "read-model",
  ]);
});

test("a job type and the thread that it starts affect every service that imports the registry", () => {
  const importers = servicesOf("shared/job-types/registry.ts");
  expect(importers).toContain("processor");
  for (const file of ["sleep.ts", "hash.ts", "hash-worker.ts"])
    expect(servicesOf(`shared/job-types/${file}`)).toEqual(importers);
});

test("tests, generated files, type-only imports, editor files and the launcher affect no service", () => {
  expect(
    servicesOf(
      "services/gateway/fingerprint.test.ts",
      "shared/job-types/sleep.test.ts",
      "contracts/schemas/job.json",
      "services/gateway/.app.ts",
      "services/gateway/app.ts~",
      "tui/launch/main.ts",
    ),
  ).toEqual([]);
});

test("a deleted file affects the services that used to run it", () => {
  const before = new Map(graph).set("gateway", new Set(["services/gateway/gone.ts"]));
  expect([...servicesWith(new Set(["services/gateway/gone.ts"]), before, graph)]).toEqual(["gateway"]);
});

test("a syntax error is reported with its file, line, column and source line", () => {
  const files = Object.fromEntries(SERVICE_NAMES.map((name) => [`services/${name}/main.ts`, ""]));
  files["services/gateway/main.ts"] = `import "./app.ts";`;
  files["services/gateway/app.ts"] = "const a = 1;\nconst b = ;\n";
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(broken, file)), { recursive: true });
    writeFileSync(join(broken, file), text);
  }
  expect(() => readSourceGraph(broken)).toThrow(
    new SourceError("services/gateway/app.ts:2:11: Unexpected ;\n  const b = ;"),
  );
});
