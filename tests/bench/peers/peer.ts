/** The parameters of a peer's process, all of them from its parent (see peer-process.ts). */
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

/** The server's side: both calls resolve when the jobs are as durable as the engine makes them. */
export interface PeerQueue {
  add(job: JobToAdd): Promise<string>;
  addMany(jobs: JobToAdd[]): Promise<string[]>;
  close(): Promise<void>;
}

export interface PeerWorker {
  /** When the library keeps finish times in its store, they are read here instead of the journal's. */
  readFinishedAt?(): Promise<Map<string, number>>;
  close(): Promise<void>;
}

/** Called with a job's id at the moment the library reports its end. */
export type RecordFinished = (jobId: string) => void;

/** A library to compare with. The server is opened first and brings the schema; workers follow. */
export interface Peer {
  /** One line for the report: what was set and why it is fair. */
  settings(context: PeerContext): string;
  openQueue(context: PeerContext): Promise<PeerQueue>;
  openWorker(context: PeerContext, record: RecordFinished): Promise<PeerWorker>;
}

/** The one handler that all peers run: waits as long as the payload says, and does nothing for 0. */
export async function runHandler(type: string, payload: Record<string, unknown>): Promise<void> {
  const ms = Number(payload.ms);
  if (type === "sleep" && ms > 0) await Bun.sleep(ms);
}
