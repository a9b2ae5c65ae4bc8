import { Argument, type Command } from "@commander-js/extra-typings";
import { SERVICE_NAMES, type ServiceName } from "../../contracts/services.ts";
import { describe } from "./command-options.ts";

/** Importing a service starts it with this process's arguments. */
const SERVICES = {
  gateway: () => import("../../services/gateway/main.ts"),
  processor: () => import("../../services/processor/main.ts"),
  "metrics-engine": () => import("../../services/metrics-engine/main.ts"),
  "read-model": () => import("../../services/read-model/main.ts"),
  "web-pty": () => import("../../services/web-pty/main.ts"),
} as const satisfies Readonly<Record<ServiceName, () => Promise<unknown>>>;

export function addService(program: Command): void {
  describe(
    program.command("service").helpOption(false),
    "Run one service in this process, with settings from the environment",
    "service gateway --help",
    "service processor",
  )
    .addArgument(new Argument("<name>", "the service").choices(SERVICE_NAMES))
    .argument("[arguments...]", "the service's own options: --help, --version, --healthcheck")
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (name, rest) => {
      process.argv.splice(2, process.argv.length - 2, ...rest);
      await SERVICES[name]();
      // Never resolves, because the service itself ends the process.
      await new Promise(() => undefined);
    });
}
