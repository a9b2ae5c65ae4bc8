import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import registry from "../contracts/exported/ui-registry.json" with { type: "json" };
import { ServiceCatalog } from "../contracts/service-schema.ts";
import { SERVICE_CATALOG, SERVICE_NAMES, type ServiceName } from "../contracts/services.ts";
import { BINARIES } from "../tui/build/binaries.ts";
import { compose, explained, PROJECT, tableRows, variables, withDefaults } from "./parity/compose.ts";
import { settingsOf } from "./parity/settings.ts";

const { services } = SERVICE_CATALOG;
// Only our own programs. The page is left out, because nginx serves it.
const ours = services.filter(({ name }) => SERVICE_NAMES.includes(name as ServiceName));
const published = services.flatMap(({ name, ports, credentials }) =>
  ports.flatMap((one) => (one.published ? [{ name, ...one.published, inside: one.port, credentials }] : [])),
);

test("the service catalog matches its schema, has no duplicates, and lists every service that another one needs", () => {
  expect([...Value.Errors(ServiceCatalog, SERVICE_CATALOG)]).toEqual([]);
  const names = services.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(services.flatMap(({ needs }) => needs).filter((name) => !names.includes(name))).toEqual([]);
  expect(new Set(published.map(({ port }) => port)).size).toBe(published.length);
  expect(new Set(published.map(({ variable }) => variable)).size).toBe(published.length);
});

test("compose.yaml has exactly the catalog's services", () => {
  expect(Object.keys(compose.services).sort()).toEqual(services.map(({ name }) => name).sort());
});

test("every service is compiled, and so is odd-dashboard, which contains them all", () => {
  expect(BINARIES.map(({ name }) => name)).toEqual([...ours.map(({ name }) => name), "odd-dashboard"]);
});

test("images are labeled with their services' versions", async () => {
  const versions = ours.map(({ name }) => Bun.file(join(PROJECT, "services", name, "VERSION")).text());
  const preset = withDefaults(compose.services.gateway?.build?.args.VERSION);
  expect(new Set((await Promise.all(versions)).map((text) => text.trim()))).toEqual(new Set([preset]));
});

describe.each(services)("in compose.yaml, $name", (entry) => {
  const service = compose.services[entry.name]!;

  test("has the catalog's profile, image, ports, needs and environment", () => {
    const image = withDefaults(service.image).replace(/^oddessentials\/(odto-.+):latest$/, "$1");
    const inside = entry.ports.filter((one) => !one.published).map(({ port }) => String(port));
    const outside = entry.ports.flatMap(({ port, published: at }) =>
      at ? [`\${PUBLISH_ADDRESS:-127.0.0.1}:\${${at.variable}:-${at.port}}:${port}`] : [],
    );
    expect({
      profiles: service.profiles,
      image,
      ports: service.ports ?? [],
      expose: service.expose ?? [],
      needs: Object.keys(service.depends_on ?? {}).sort(),
      environment: Object.keys(service.environment ?? {}).sort(),
    }).toEqual({
      profiles: [entry.profile],
      image: entry.image,
      ports: outside,
      expose: inside,
      needs: [...entry.needs].sort(),
      environment: [...entry.environment].sort(),
    });
  });

  test("waits for healthy services, restarts, has limits on memory, CPU and log, and keeps its data in named volumes", () => {
    for (const [name, { condition, required }] of Object.entries(service.depends_on ?? {})) {
      expect(condition).toBe("service_healthy");
      expect(compose.services[name]?.healthcheck).toBeDefined();
      // A service in another profile, which may be disabled, must not be required.
      if (compose.services[name]?.profiles?.[0] !== entry.profile) expect(required).toBe(false);
    }
    if (entry.health) expect(service.healthcheck?.test.length).toBeGreaterThan(1);
    expect(service.restart).toBe("unless-stopped");
    expect(service.logging?.options).toHaveProperty("max-size");
    expect(withDefaults(service.mem_limit)).toMatch(/^\d+[mg]$/);
    expect(Number(withDefaults(service.cpus))).toBeGreaterThan(0);
    const volumes = (service.volumes ?? []).map((volume) => volume.split(":")[0] ?? "");
    const unknown = volumes.filter((volume) => !volume.startsWith("./") && !(volume in compose.volumes));
    expect(unknown).toEqual([]);
  });

  test("uses the catalog's credentials", () => {
    const { credentials } = entry;
    const said = JSON.stringify([service, Object.values(compose.configs)]);
    for (const login of [credentials?.user, credentials?.password])
      if (login?.variable) expect(said).toContain(`\${${login.variable}:-${login.value}}`);
  });
});

describe.each(ours)("$name itself", (entry) => {
  test("agrees with compose.yaml on its port, variables and defaults", async () => {
    const settings = await settingsOf(entry.name);
    const { environment = {}, build } = compose.services[entry.name]!;
    const port = settings.has("PORT") ? "PORT" : "PTY_WS_PORT";
    expect(settings.get(port)?.preset).toBe(String(entry.ports[0]?.port));
    expect(String(environment[port])).toBe(String(entry.ports[0]?.port));
    expect(build?.args.SERVICE).toBe(entry.name);
    expect(Object.keys(environment).filter((name) => !settings.has(name))).toEqual([]);
    const missing = [...settings].filter(([name, { required }]) => required && !(name in environment));
    expect(missing).toEqual([]);
    for (const [name, { preset }] of settings) {
      const given = environment[name];
      // A value that can be overridden defaults to the service's own default.
      if (preset !== undefined && String(given).startsWith(`\${${name}:-`))
        expect(withDefaults(given)).toBe(preset);
    }
  });
});

test("docs/settings.md lists every variable of every service with its default", async () => {
  const listed = new Map((await tableRows("docs/settings.md")).map(([name = "", ...rest]) => [name, rest]));
  listed.delete("variable");
  const actual = new Map<string, { services: string[]; presets: Set<string> }>();
  for (const { name } of ours)
    for (const [variable, { preset = "" }] of await settingsOf(name)) {
      const row = actual.get(variable) ?? { services: [], presets: new Set() };
      row.services.push(name);
      row.presets.add(preset);
      actual.set(variable, row);
    }
  expect([...listed.keys()].sort()).toEqual([...actual.keys()].sort());
  for (const [variable, { services: users, presets }] of actual) {
    const [service, preset] = listed.get(variable) ?? [];
    expect([variable, service]).toEqual([variable, users.length === ours.length ? "all" : users.join(", ")]);
    // INSTANCE_ID has a default that depends on the process.
    if (variable !== "INSTANCE_ID") expect([variable, preset]).toEqual([variable, [...presets].join(", ")]);
  }
});

test("compose/.env.example explains every variable of compose.yaml with its single default", () => {
  const read = Object.fromEntries([...variables].map(([name, presets]) => [name, [...presets].join(" or ")]));
  const told = Object.fromEntries(explained);
  expect(told).toEqual(read);
});

test("Alertmanager creates the webhook's token once, and the read-model reads the same file", () => {
  const { alertmanager, "read-model": readModel } = compose.services;
  const [shell = "", flag = "", script = "", ...rest] = alertmanager?.entrypoint ?? [];
  const start = (folder: string) => {
    const here = script
      .replaceAll("$$", "$")
      .replaceAll("/bin/alertmanager", "echo")
      .replaceAll("/alertmanager/", `${folder}/`);
    const { exitCode, stdout } = Bun.spawnSync([shell, flag, here, ...rest, "--a-flag"]);
    expect([exitCode, stdout.toString()]).toEqual([0, "--a-flag\n"]);
    return readFileSync(join(folder, "webhook-token"), "utf8").trim();
  };
  const folders = [1, 2].map(() => mkdtempSync(join(tmpdir(), "alertmanager-")));
  const [one = "", another = ""] = folders.map(start);
  expect(one).toMatch(/^[A-Za-z0-9+/=]{32}$/);
  expect(another).not.toBe(one);
  expect(start(folders[0] ?? "")).toBe(one);
  for (const folder of folders) rmSync(folder, { recursive: true });

  expect(readModel?.volumes).toContain("alertmanager-data:/run/alertmanager:ro");
  expect(readModel?.environment?.ALERT_WEBHOOK_TOKEN_FILE).toBe("/run/alertmanager/webhook-token");
});

test("the root .env holds only the Compose file and its profiles", async () => {
  const lines = (await Bun.file(join(PROJECT, ".env")).text())
    .split("\n")
    .filter((line) => /^[^#]/.test(line));
  expect(lines).toEqual(["COMPOSE_FILE=compose/compose.yaml", "COMPOSE_PROFILES=core,observe,admin"]);
});

test("every interface in the registry has a published port", async () => {
  const ports = new Set(published.map(({ port }) => port));
  const absent = registry.interfaces.filter(({ port }) => !ports.has(port)).map(({ id }) => id);
  expect(absent).toEqual([]);
});

test("docs/compose.md lists exactly the published ports, with their logins", async () => {
  const rows = (await tableRows("docs/compose.md")).filter(([, where = ""]) =>
    /^(https?:\/\/)?localhost:\d+/.test(where),
  );
  const listed = rows.map(
    ([, where = "", login]) => [Number(/localhost:(\d+)/.exec(where)?.[1]), login] as const,
  );
  const wanted = published.map(({ port, credentials, name }) => {
    const { user, password } = credentials ?? {};
    // RedisInsight's login is already filled in, and a service without a password needs no login.
    const asked = name !== "redisinsight" && password;
    return [
      port,
      asked ? (user ? `${user.value} / ${password.value}` : `password ${password.value}`) : "",
    ] as const;
  });
  const inOrder = (pairs: readonly (readonly [number, string | undefined])[]) =>
    [...pairs].sort(([a], [b]) => a - b);
  expect(inOrder(listed)).toEqual(inOrder(wanted));
});

test("docs/images.md lists every image with its service and profile", async () => {
  const rows = (await tableRows("docs/images.md")).filter(([, name]) =>
    services.some((one) => one.name === name),
  );
  expect(rows.map(([image, name, profile]) => `${image} ${name} ${profile}`).sort()).toEqual(
    services.map(({ image, name, profile }) => `${image} ${name} ${profile}`).sort(),
  );
  expect(rows.filter(([, , , run]) => !run)).toEqual([]);
});
