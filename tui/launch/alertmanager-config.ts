import { readFileSync } from "node:fs";
import { join } from "node:path";
import { YAML } from "bun";

const FILE = join(import.meta.dir, "../../compose/alertmanager/alertmanager.yml");

/** The part of `alertmanager.yml` that this module changes. The rest is copied. */
interface ComposeConfig {
  readonly receivers: readonly {
    readonly webhook_configs: readonly {
      readonly http_config: { readonly authorization: { readonly credentials_file: string } };
    }[];
  }[];
}

/** Returns Compose's Alertmanager configuration as JSON, with the URL and the token file of the local read-model. */
export function alertmanagerConfig(readModelUrl: string, tokenFile: string): string {
  const compose = YAML.parse(readFileSync(FILE, "utf8")) as ComposeConfig;
  const receivers = compose.receivers.map((receiver) => ({
    ...receiver,
    webhook_configs: receiver.webhook_configs.map((webhook) => ({
      ...webhook,
      url: `${readModelUrl}/webhook/alerts`,
      http_config: {
        ...webhook.http_config,
        authorization: { ...webhook.http_config.authorization, credentials_file: tokenFile },
      },
    })),
  }));
  return JSON.stringify({ ...compose, receivers }, null, 2);
}
