import { addressVariable } from "./dashboard.ts";
import type { DataLink } from "./panels.ts";

/** Formats a variable in Grafana's syntax for links and texts. */
const variable = (name: string) => `\${${name}}`;
const label = (name: string) => variable(`__field.labels.${name}`);
const sameTime = variable("__url_time_range");

/** The read model's base URL in links. Override it with `&var-read_model=…` in the dashboard's URL. */
export const READ_MODEL = addressVariable("read_model", "http://localhost:8080");

export const readModelUrl = (path: string) => `${variable(READ_MODEL.name)}${path}`;

/** Returns the command that lists the jobs of a type in a terminal. */
export const jobsCommand = (type: string) => `odd-dashboard jobs --filter type:${type}`;

/** Returns the command that lists the failed jobs of a type in a terminal. */
export const failedJobsCommand = (type: string) => `odd-dashboard jobs --filter 'type:${type} status:failed'`;

/** Links from a job type's series to the dashboard of that type and to its jobs. */
export const OF_TYPE: readonly DataLink[] = [
  {
    title: `Only ${label("type")}`,
    url: `/d/observatory-jobs?var-type=${label("type")}&${sameTime}`,
  },
  {
    title: `Jobs of type ${label("type")} (in a terminal: ${jobsCommand(label("type"))})`,
    url: readModelUrl(`/jobs?type=${label("type")}`),
    targetBlank: true,
  },
];

/** Links from a job type's failures to its failed jobs. */
export const FAILED_OF_TYPE: readonly DataLink[] = [
  {
    title: `Failed jobs of type ${label("type")} (in a terminal: ${failedJobsCommand(label("type"))})`,
    url: readModelUrl(`/jobs?type=${label("type")}&status=FAILED`),
    targetBlank: true,
  },
];

/** Links from a service to its requests, durations and resources. */
export const OF_SERVICE: readonly DataLink[] = [
  {
    title: `Only ${label("service")}`,
    url: `/d/observatory-services?var-service=${label("service")}&${sameTime}`,
  },
];
