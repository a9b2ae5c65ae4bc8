import { placeOf, type State } from "./model.ts";

/** The URL of the displayed job's trace, or the reason why there is none. */
type TracePage =
  | { readonly url: string; readonly reason?: undefined }
  | { readonly url?: undefined; readonly reason: string };

export function tracePage(state: State): TracePage {
  const { job, pages } = state.data;
  if (!job?.value || job.value.id !== placeOf(state).id) return { reason: "The job is still loading" };
  const { traceId } = job.value;
  if (traceId === undefined) return { reason: "This job has no trace" };
  const jaeger = pages?.value?.find(({ id }) => id === "jaeger");
  if (!jaeger) return { reason: "Looking for Jaeger; try again in a moment" };
  if (jaeger.state !== "reachable") return { reason: `Jaeger is not available: ${jaeger.reason}` };
  return { url: new URL(`trace/${traceId}`, jaeger.url).href };
}
