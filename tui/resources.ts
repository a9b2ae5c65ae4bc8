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

/** The data that screens show, by query name. */
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

/** A query's state. The last value is kept while newer queries fail. */
export interface Loaded<T> {
  /** The query's parameters. A reply to a query with other parameters is dropped. */
  readonly key: string;
  readonly value?: T;
  readonly loadedAt?: number;
  readonly queriedAt?: number;
  readonly error?: Failure;
  /** Consecutive failures, which determine the delay before the next try. */
  readonly failures: number;
  readonly inFlight: boolean;
  /** Whether a change has been reported since the query was sent. */
  readonly stale: boolean;
}

export interface Failure {
  readonly message: string;
  readonly remedy: string;
  /** Whether the service could not be reached or did not respond in time. */
  readonly unreachable: boolean;
}

export type Data = { readonly [N in ResourceName]?: Loaded<Resources[N]> };
