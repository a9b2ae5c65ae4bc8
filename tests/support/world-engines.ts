import postgres from "postgres";
import type { Engine, EngineName } from "../../tui/engines/engine.ts";
import type { EngineMap } from "../../tui/engines/start.ts";
import { type EngineSetName, engineSets, type UrlName } from "../../tui/launch/engine-set.ts";
import { enginesOf, testEngines } from "./engines.ts";
import { createTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/**
 * Creates the vhost and the database of one world (one isolated system under test) on the shared engines, and
 * pushes their removal onto `undo`.
 */
export async function createWorldEngines(
  set: EngineSetName,
  name: string,
  proxied: readonly EngineName[],
  undo: (() => Promise<unknown>)[],
) {
  const engines: Partial<EngineMap> = await testEngines(enginesOf(set));
  const engine = (one: EngineName): Engine => {
    const found = engines[one];
    if (!found) throw new Error(`this world runs on the ${set} engines, which do not include ${one}`);
    return found;
  };

  const { rabbitmq } = engines;
  const vhostUrl = await rabbitmq?.createVhost(name);
  undo.push(async () => rabbitmq?.deleteVhost(name));
  const admin = postgres(engine("postgres").url, { max: 1, onnotice: () => undefined });
  undo.push(() => admin.end());
  await admin.unsafe(`create database ${name}`);
  undo.push(() => admin.unsafe(`drop database ${name} with (force)`));

  const proxies = {} as Record<EngineName, TcpProxy>;
  for (const one of proxied) {
    const proxy = await createTcpProxy({ targetPort: engine(one).port });
    proxies[one] = proxy;
    undo.push(() => proxy.close());
  }
  const urlOf = (one: EngineName, proxy?: TcpProxy) => {
    const url = new URL((one === "rabbitmq" && vhostUrl) || engine(one).url);
    url.pathname = `/${name}`;
    if (proxy) url.port = String(proxy.port);
    return url.href;
  };
  const urls = Object.fromEntries(
    Object.entries(engineSets[set]).map(([variable, one]) => [variable, urlOf(one, proxies[one])]),
  ) as Record<UrlName, string>;

  return { engine, proxies, urls, databaseUrl: urlOf("postgres") };
}
