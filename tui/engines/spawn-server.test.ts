import { expect, test } from "bun:test";
import { endWithUs } from "./spawn-server.ts";

const guard = endWithUs("SIGTERM");

if (guard.length === 0 && !process.env.CI)
  console.warn(
    "Skipping the test of commands that end with their parent: it needs Linux and setpriv from util-linux",
  );

test.skipIf(guard.length === 0 && !process.env.CI)(
  "a command is not executed if its parent died before the command could watch it",
  () => {
    const command = [...guard, "echo", "it", "runs"];
    expect(Bun.spawnSync(command).stdout.toString()).toBe("it runs\n");
    // Here a shell starts the child. The child expects this process to be its parent, so it assumes that this process
    // has died.
    const orphan = Bun.spawnSync(["sh", "-c", '"$@"; exit $?', "sh", ...command]);
    expect(orphan.stdout.toString()).toBe("");
    expect(orphan.exitCode).toBe(1);
  },
);
