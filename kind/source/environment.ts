import { SERVICE_CATALOG } from "../../contracts/services.ts";
import { type ComposeService, compose, withDefaults } from "./compose-file.ts";

/** Variables with the engines' URLs. They are in a separate Secret, because each cluster may use other engines. */
export const ENGINE_URLS = ["BUS_URL", "DATABASE_URL", "EVENTS_URL", "CACHE_URL"];

/** Compose's secret variables: the logins in the service catalog, and the browser terminal's token. */
const SECRET_VARIABLES = new Set([
  "PTY_AUTH_TOKEN",
  ...SERVICE_CATALOG.services.flatMap(({ credentials }) =>
    [credentials?.user?.variable, credentials?.password.variable].flatMap((name) => name ?? []),
  ),
]);

const reference = (kind: "secretKeyRef" | "configMapKeyRef", name: string, key: string) => ({
  valueFrom: { [kind]: { name, key } },
});

const variablesIn = (raw: unknown) =>
  [...String(raw).matchAll(/\$\{([A-Z][A-Z0-9_]*):?-/g)].map(([, name = ""]) => name);

/** Returns the name of the secret variable that a Compose value refers to. */
const secretIn = (raw: unknown) => variablesIn(raw).find((name) => SECRET_VARIABLES.has(name));

/**
 * Returns whether a container's variable takes its value from the Compose variable of the same name, as shared settings
 * do.
 */
const isSetting = (name: string, raw: unknown) => !secretIn(raw) && variablesIn(raw).includes(name);

/** Returns a container's variables: engine URLs and logins from Secrets, settings from a ConfigMap, others inline. */
export function environmentOf({ environment = {} }: ComposeService) {
  return Object.entries(environment).map(([name, raw]) => {
    const secret = secretIn(raw);
    if (ENGINE_URLS.includes(name)) return { name, ...reference("secretKeyRef", "engine-urls", name) };
    if (secret) return { name, ...reference("secretKeyRef", "logins", secret) };
    if (isSetting(name, raw)) return { name, ...reference("configMapKeyRef", "settings", name) };
    return { name, value: withDefaults(raw) };
  });
}

/** Returns command-line arguments. Logins become references to variables, so that no manifest contains them. */
export function words({ environment = {} }: ComposeService, list: readonly string[] | undefined) {
  return list?.map((word) => {
    const secret = secretIn(word);
    const [name] = Object.entries(environment).find(([, raw]) => secret && secretIn(raw) === secret) ?? [];
    return name ? `$(${name})` : withDefaults(word);
  });
}

const inOrder = (entries: ReadonlyMap<string, string>) =>
  [...entries].sort(([a], [b]) => a.localeCompare(b)).map(([name, value]) => `${name}=${value}\n`);

function collect(keep: (name: string, raw: unknown) => [string, string] | undefined): string {
  const found = new Map<string, string>();
  for (const { environment = {} } of Object.values(compose.services))
    for (const [name, raw] of Object.entries(environment)) {
      const [key, value] = keep(name, raw) ?? [];
      if (key === undefined || value === undefined) continue;
      if ((found.get(key) ?? value) !== value)
        throw new Error(`compose.yaml has two different values for ${key}`);
      found.set(key, value);
    }
  return inOrder(found).join("");
}

/** Returns the content of settings.env: the settings with Compose's defaults. */
export const settings = () =>
  collect((name, raw) => (isSetting(name, raw) ? [name, withDefaults(raw)] : undefined));

/** Returns the content of engine-urls.env: the URLs of the engines in the cluster. */
export const engineUrls = () =>
  collect((name, raw) => (ENGINE_URLS.includes(name) ? [name, withDefaults(raw)] : undefined));

/** Returns the content of logins.env: the demo logins. */
export const logins = () =>
  collect((name, raw) => {
    const secret = ENGINE_URLS.includes(name) ? undefined : secretIn(raw);
    return secret === undefined ? undefined : [secret, withDefaults(raw)];
  });
