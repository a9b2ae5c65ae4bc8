import { expect, test } from "bun:test";
import { endWithUs } from "./spawn-server.ts";

const guard = endWithUs("SIGTERM");

if (guard.length === 0 && !process.env.CI)
  console.warn("Ending with the parent is left out: only Linux has it, with util-linux's setpriv");

test.skipIf(guard.length === 0 && !process.env.CI)(
  "a child runs, unless its parent ended before the child checked",
  () => {
    const command = [...guard, "echo", "it", "runs"];
    expect(Bun.spawnSync(command).stdout.toString()).toBe("it runs\n");
    // Its parent is not us: as seen by a child that was started just before we were killed.
    const orphan = Bun.spawnSync(["sh", "-c", '"$@"; exit $?', "sh", ...command]);
    expect(orphan.stdout.toString()).toBe("");
    expect(orphan.exitCode).toBe(1);
  },
);
