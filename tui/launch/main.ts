import { messageOf } from "../../shared/errors.ts";
import { parseCli } from "./cli.ts";
import { runSystem } from "./run-system.ts";

// Exits explicitly, because keep-alive connections would delay the exit.
try {
  process.exit(await runSystem(parseCli(process.argv.slice(2))));
} catch (error) {
  console.error(messageOf(error));
  process.exit(1);
}
