import type {
  AlertsReply,
  DeadLetterPage,
  EventPage,
  JobDetail,
  JobPage,
  Ledger,
  Overview,
  QueuesReply,
  Retention,
  SeriesReply,
  WorkersReply,
} from "../contracts/api-queries.ts";
import type { DeadLetter } from "../contracts/dead-letter.ts";
import type { JobTypeInfo } from "../contracts/job-type.ts";
import type { Prerequisite } from "./launch-state.ts";
import type { PageState } from "./pages.ts";

/** The answers of the services, by query. */
export interface Resources {
  readonly overview: Overview;
  readonly completedSeries: SeriesReply;
  readonly failedSeries: SeriesReply;
  readonly ledger: Ledger;
  readonly alerts: AlertsReply;
  readonly jobs: JobPage;
  readonly job: JobDetail;
  readonly jobTypes: readonly JobTypeInfo[];
  readonly events: EventPage;
  readonly deadLetters: DeadLetterPage;
  readonly deadLetter: DeadLetter;
  readonly queues: QueuesReply;
  readonly workers: WorkersReply;
  readonly retention: Retention;
  readonly pages: readonly PageState[];
  readonly checks: readonly Prerequisite[];
}
export type ResourceName = keyof Resources;

/** The last answer to a query, kept while newer ones fail. */
export interface Loaded<T> {
  /** The parameters of the query; an answer to other parameters is dropped. */
  readonly key: string;
  readonly value?: T;
  readonly loadedAt?: number;
  readonly queriedAt?: number;
  readonly error?: Failure;
  /** Failures in a row, which set the wait until the next try. */
  readonly failures: number;
  readonly inFlight: boolean;
  /** Whether something changed since the query. */
  readonly stale: boolean;
}

export interface Failure {
  readonly message: string;
  readonly remedy: string;
  /** Whether no service answered. */
  readonly unreachable: boolean;
}

export type Data = { readonly [N in ResourceName]?: Loaded<Resources[N]> };
