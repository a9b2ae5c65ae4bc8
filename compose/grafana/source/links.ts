import { addressVariable } from "./dashboard.ts";
import type { DataLink } from "./panels.ts";

/** A variable in Grafana's notation for links and texts. */
const variable = (name: string) => `\${${name}}`;
const label = (name: string) => variable(`__field.labels.${name}`);
const sameTime = variable("__url_time_range");

/** Base address of the read model for links, unless the dashboard's address sets another: `&var-read_model=…`. */
export const READ_MODEL = addressVariable("read_model", "http://localhost:8080");

export const readModelUrl = (path: string) => `${variable(READ_MODEL.name)}${path}`;

/** The command that lists the same jobs in a terminal. */
export const jobsCommand = (type: string) => `odd-dashboard jobs --type ${type}`;

/**
 * Links from a series of a job type to everything about that type and to its jobs, with the equivalent terminal
 * command.
 */
export const OF_TYPE: readonly DataLink[] = [
  {
    title: `Only ${label("type")}`,
    url: `/d/observatory-jobs?var-type=${label("type")}&${sameTime}`,
  },
  {
    title: `Its jobs (in a terminal: ${jobsCommand(label("type"))})`,
    url: readModelUrl(`/jobs?type=${label("type")}`),
    targetBlank: true,
  },
];

/** Links from failures of a job type to its failed jobs. */
export const FAILED_OF_TYPE: readonly DataLink[] = [
  {
    title: `Its failed jobs (all of them in a terminal: ${jobsCommand(label("type"))})`,
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
