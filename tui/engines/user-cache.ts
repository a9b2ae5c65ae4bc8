import { homedir } from "node:os";
import { join } from "node:path";

/** Returns the folder for programs that are built or unpacked once for all of this user's checkouts. */
export function userCache(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "task-observatory");
}
