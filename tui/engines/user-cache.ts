import { homedir } from "node:os";
import { join } from "node:path";

/** Where programs are kept that were built or unpacked once for all checkouts of this user. */
export function userCache(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "task-observatory");
}
