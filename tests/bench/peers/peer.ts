/**
 * The parameters that the process of a peer, a library under comparison, receives from its parent (see
 * peer-process.ts).
 */
export interface PeerContext {
  engineUrl: string;
  profile: "noop" | "sleep";
  slots: number;
  /** Distinguishes the variants of one library, such as polling and NOTIFY. */
  variant: string;
}

export interface JobToAdd {
  type: string;
  payload: Record<string, unknown>;
}

/** A peer's server side. `add` and `addMany` resolve once the jobs are as durable as the engine makes them. */
export interface PeerQueue {
  add(job: JobToAdd): Promise<string>;
  addMany(jobs: JobToAdd[]): Promise<string[]>;
  close(): Promise<void>;
}

export interface PeerWorker {
  /**
   * Reads finish times from the library's store. Without this method, a job counts as finished when `RecordFinished` is
   * called for it.
   */
  readFinishedAt?(): Promise<Map<string, number>>;
  close(): Promise<void>;
}

/** Called with a job's id as soon as the library reports that the job has finished. */
export type RecordFinished = (jobId: string) => void;

/**
 * A library that the benchmark compares with ours. The queue is opened first and creates the schema; workers follow.
 */
export interface Peer {
  /** Returns the library's settings as one line for the report. */
  settings(context: PeerContext): string;
  openQueue(context: PeerContext): Promise<PeerQueue>;
  openWorker(context: PeerContext, record: RecordFinished): Promise<PeerWorker>;
}

/** Runs the `sleep` job that all peers share: waits for `ms`, or does nothing if it is 0. */
export async function runHandler(type: string, payload: Record<string, unknown>): Promise<void> {
  const ms = Number(payload.ms);
  if (type === "sleep" && ms > 0) await Bun.sleep(ms);
}
