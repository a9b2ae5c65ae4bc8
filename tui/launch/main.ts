import { messageOf } from "../../shared/errors.ts";
import { parseCli, usageText } from "./cli.ts";
import { runSystem } from "./run-system.ts";

async function main(args: string[]): Promise<number> {
  const options = parseCli(args);
  if (!options.help) return runSystem(options);
  console.log(usageText);
  return 0;
}

// Exits explicitly: connections kept alive would hold the process for a while.
try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  console.error(messageOf(error));
  process.exit(1);
}
