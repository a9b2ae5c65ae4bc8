/** Returns the source of a program that records and follows events, then closes its observations. */
export const shortProgram = (urls: { eventsUrl: string; cacheUrl: string }) => `
  import { openObservations } from "./shared/observations/open.ts";
  import { createLog } from "./shared/log.ts";
  import { sampleEvents } from "./tests/support/sample-events.ts";
  const log = createLog({ service: "short", level: "silent" });
  const observations = openObservations({ ...${JSON.stringify(urls)}, log });
  await observations.connected();
  const following = (async () => {
    for await (const _ of observations.follow(null, new AbortController().signal));
  })();
  await observations.record(sampleEvents(3, "job.created"));
  await observations.close();
  await following;
  console.log("closed");
`;
