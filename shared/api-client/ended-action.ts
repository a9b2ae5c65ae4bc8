import type { ActionReply } from "../../contracts/api-commands.ts";
import { pause } from "../async.ts";
import type { ApiClient } from "./client.ts";

const POLL_MS = 250;

/**
 * Waits until an action on many jobs is over, and returns how far it came. A dry run is over at once. Aborting `signal`
 * ends the wait and not the action. `onProgress` sees each reply on the way.
 */
export async function endedAction(
  { gateway }: Pick<ApiClient, "gateway">,
  reply: ActionReply,
  signal: AbortSignal,
  onProgress: (reply: ActionReply) => void = () => undefined,
): Promise<ActionReply> {
  let now = reply;
  while (now.id !== undefined && now.state === "running") {
    onProgress(now);
    await pause(POLL_MS, signal);
    signal.throwIfAborted();
    now = await gateway.jobAction({ params: { id: now.id } }, { signal });
  }
  return now;
}
