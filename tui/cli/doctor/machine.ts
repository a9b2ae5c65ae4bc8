import { statfsSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";
import { checkPlatform } from "../check-platform.ts";
import { CliError } from "../failure.ts";
import { type Check, fail, ok, warn } from "./check.ts";

const GB = 1_000_000_000;

/** Checks platform, cores, memory and disk space against the requirements in docs/support.md. */
export function checkMachine(folder: string): Check[] {
  return [
    platformCheck(process.platform, process.arch),
    coresCheck(availableParallelism()),
    memoryCheck(totalmem(), freemem()),
    diskCheck(freeBytes(folder), folder),
  ];
}

export function platformCheck(platform: string, arch: string): Check {
  try {
    checkPlatform(platform, arch);
    return ok("platform", "platform", `${platform}-${arch}, Bun ${Bun.version}`);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return fail("platform", "platform", error.message, error.remedy);
  }
}

export function coresCheck(cores: number): Check {
  const detail = `${cores} ${cores === 1 ? "core" : "cores"}`;
  if (cores < 2)
    return warn("cores", "cores", `${detail}: jobs will be slow`, "Use a machine with 2 cores or more");
  if (cores < 4)
    return warn("cores", "cores", `${detail}; only the compose tier needs 4`, "Use a machine with 4 cores");
  return ok("cores", "cores", detail);
}

export function memoryCheck(total: number, free: number): Check {
  const detail = `${gb(total)} in total, ${gb(free)} free`;
  if (total < 1 * GB)
    return fail(
      "memory",
      "memory",
      `${detail}: even the embedded tier needs 1 GB`,
      "Use a machine with 2 GB of memory or more",
    );
  if (total < 7.5 * GB)
    return warn(
      "memory",
      "memory",
      `${detail}; only the compose tier needs 8 GB`,
      "Use a machine with 8 GB, or set COMPOSE_PROFILES=core",
    );
  return ok("memory", "memory", detail);
}

export function diskCheck(free: number, folder: string): Check {
  const detail = `${gb(free)} free at ${folder}`;
  if (free < 1 * GB)
    return fail(
      "disk",
      "disk",
      `${detail}: the engines may stop writing`,
      `Free 1 GB on the disk of ${folder}`,
    );
  if (free < 15 * GB)
    return warn(
      "disk",
      "disk",
      `${detail}; only the compose tier needs 15 GB`,
      `Free 15 GB on the disk of ${folder}`,
    );
  return ok("disk", "disk", detail);
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

const gb = (bytes: number) => `${(bytes / GB).toFixed(1)} GB`;
