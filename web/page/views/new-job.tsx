import { useState } from "preact/hooks";
import { client } from "../client.ts";
import { Panel } from "../parts/panel.tsx";
import { useAction } from "../parts/toast.tsx";
import { useQuery } from "../query.ts";

const DEFAULT_PRIORITY = 5;

/** Submits a job, from the example of its type or from the payload of another job. */
export function NewJob({ query }: { query: URLSearchParams }) {
  const from = query.get("from");
  const act = useAction();
  const { data: types, error } = useQuery("types", (signal) => client.gateway.listJobTypes({}, { signal }), {
    frozen: true,
  });
  const { data: origin } = useQuery(
    `origin ${from}`,
    async (signal) => (from ? client.readModel.jobDetail({ params: { id: from } }, { signal }) : undefined),
    { frozen: true },
  );
  // What a person has not chosen follows from the origin, or from the first type and its example.
  const [chosen, setChosen] = useState<string>();
  const [typed, setTyped] = useState<string>();
  const [priority, setPriority] = useState(DEFAULT_PRIORITY);
  const name = chosen ?? origin?.type ?? types?.jobTypes[0]?.name ?? "";
  const type = types?.jobTypes.find((one) => one.name === name);
  const payload =
    typed ?? JSON.stringify((origin?.type === name ? origin.payload : type?.example) ?? {}, null, 2);
  const fault = faultIn(payload);

  function choose(next: string): void {
    setChosen(next);
    setTyped(undefined);
  }

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (fault) return;
    let jobId = "";
    const isDone = await act("Submitted", async () => {
      const body = {
        type: name,
        payload: JSON.parse(payload) as Record<string, unknown>,
        priority,
        ...(from && { originId: from }),
      };
      ({ jobId } = await client.gateway.submitJob({ body }));
    });
    if (isDone) location.hash = `#/jobs/${jobId}`;
  }

  return (
    <>
      <div class="page-head">
        <h1>{from ? "Edit and resubmit" : "New job"}</h1>
      </div>
      <Panel id="new" title={type?.description ?? "A job"} error={types ? undefined : error}>
        <form class="newjob" onSubmit={(event) => void submit(event)}>
          <label>
            <span>Type</span>
            <select value={name} onChange={(event) => choose(event.currentTarget.value)}>
              {types?.jobTypes.map((one) => (
                <option value={one.name} key={one.name}>
                  {one.name}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>Payload</span>
            <textarea
              rows={10}
              spellcheck={false}
              value={payload}
              aria-invalid={fault !== undefined}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </label>
          {fault && <p role="alert">{fault}</p>}
          <label>
            <span>Priority, 0 to 9; 9 is served first</span>
            <input
              type="number"
              min={0}
              max={9}
              value={priority}
              onInput={(event) => setPriority(event.currentTarget.valueAsNumber || 0)}
            />
          </label>
          <button class="btn primary" type="submit" aria-disabled={fault !== undefined}>
            Submit
          </button>
        </form>
      </Panel>
    </>
  );
}

function faultIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text || "{}");
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? undefined
      : "The payload must be a JSON object";
  } catch (error) {
    return `The payload is not JSON: ${(error as Error).message}`;
  }
}
