import { listen } from "../../shared/http/listen.ts";
import { runService, type ServiceContext } from "../../shared/service.ts";
import { Config } from "./config.ts";
import { createReadModel } from "./read-model.ts";
import versionText from "./VERSION" with { type: "text" };

async function start(context: ServiceContext<Config>): Promise<void> {
  const { config, life, log } = context;
  const app = createReadModel(context);
  listen({ app, port: config.PORT, bindAddress: config.BIND_ADDRESS, life, log });
}

await runService({
  service: "read-model",
  summary: "answers queries about jobs, events, queues and workers",
  versionText,
  config: Config,
  start,
});
