import type { ActionReply, DeadLetterActionReply } from "../../contracts/api-commands.ts";
import { pause } from "../async.ts";
import type { ApiClient } from "./client.ts";

const POLL_MS = 250;
type Gateway = Pick<ApiClient, "gateway">;

/**
 * Waits until an action on many jobs ends, and returns its result. A dry run has already ended. Aborting `signal` ends
 * the wait but not the action. `onProgress` receives each interim reply.
 */
export function endedAction(
  { gateway }: Gateway,
  reply: ActionReply,
  signal: AbortSignal,
  onProgress: (reply: ActionReply) => void = () => undefined,
): Promise<ActionReply> {
  return ended(reply, (id) => gateway.jobAction({ params: { id } }, { signal }), signal, onProgress);
}

/** Like {@link endedAction}, for an action on many dead letters. */
export function endedDeadLetterAction(
  { gateway }: Gateway,
  reply: DeadLetterActionReply,
  signal: AbortSignal,
  onProgress: (reply: DeadLetterActionReply) => void = () => undefined,
): Promise<DeadLetterActionReply> {
  return ended(reply, (id) => gateway.deadLetterAction({ params: { id } }, { signal }), signal, onProgress);
}

async function ended<R extends ActionReply | DeadLetterActionReply>(
  reply: R,
  read: (id: string) => Promise<R>,
  signal: AbortSignal,
  onProgress: (reply: R) => void,
): Promise<R> {
  let now = reply;
  while (now.id !== undefined && now.state === "running") {
    onProgress(now);
    await pause(POLL_MS, signal);
    signal.throwIfAborted();
    now = await read(now.id);
  }
  return now;
}
