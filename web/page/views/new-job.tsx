import { useEffect, useRef, useState } from "preact/hooks";
import type { JobTypeInfo } from "../../../contracts/job-type.ts";
import { ApiError } from "../../../shared/api-client/api-error.ts";
import { duration } from "../../../shared/format.ts";
import { useAccess } from "../access.ts";
import { client } from "../client.ts";
import { type Draft, draftOf, withText } from "../form/draft.ts";
import { requestOf, SETTINGS, type Settings, settingFaults } from "../form/job-settings.ts";
import { ObjectFields, PayloadField } from "../form/payload-fields.tsx";
import type { PayloadSchema } from "../form/payload-schema.ts";
import { type Faults, schemaFaults } from "../form/schema-faults.ts";
import { Icon } from "../icon.tsx";
import { jobsAddress } from "../job-list/address.ts";
import { noteSubmitted } from "../on-its-way.ts";
import { Panel } from "../parts/panel.tsx";
import { useAction } from "../parts/toast.tsx";
import { useQuery } from "../query.ts";

/**
 * Submits a job. The form starts with the type's example, or with the payload of another job (`from`) or of a dead
 * letter (`letter`).
 */
export function NewJob({ query }: { query: URLSearchParams }) {
  const from = query.get("from");
  const letter = query.get("letter");
  const asked = query.get("type");
  const types = useQuery("types", (signal) => client.gateway.listJobTypes({}, { signal }), { frozen: true });
  const origin = useQuery(
    `origin ${from}`,
    async (signal) => (from ? client.readModel.jobDetail({ params: { id: from } }, { signal }) : undefined),
    { frozen: true },
  );
  const title = letter ? "Edit and replay" : from ? "Edit and resubmit" : "New job";
  const [chosen, setChosen] = useState<string>();
  const isReady = types.data && (!from || origin.data);
  const name = chosen ?? origin.data?.type ?? asked ?? types.data?.jobTypes[0]?.name ?? "";
  const type = types.data?.jobTypes.find((one) => one.name === name);
  const error = types.data ? origin.error : types.error;
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{title}</h1>
          <p>{type?.description ?? "\u00a0"}</p>
        </div>
      </div>
      {!isReady && (
        <Panel id="form" title="Payload" error={error}>
          <p class="soft">Loading the job types</p>
        </Panel>
      )}
      {isReady && !type && (
        <Panel id="form" title="Payload">
          <p role="alert">
            The type <code>{name}</code> is not registered, so its payload has no form. Restore the type, or
            choose another one on{" "}
            <a class="link" href="#/new">
              New job
            </a>
            .
          </p>
        </Panel>
      )}
      {isReady && type && (
        <JobForm
          key={type.name}
          type={type}
          types={types.data?.jobTypes ?? []}
          start={origin.data?.type === type.name && origin.data.payload ? origin.data.payload : type.example}
          from={from}
          letter={letter}
          choose={setChosen}
        />
      )}
    </>
  );
}

interface JobFormProps {
  readonly type: JobTypeInfo;
  readonly types: readonly JobTypeInfo[];
  readonly start: Readonly<Record<string, unknown>>;
  readonly from: string | null;
  readonly letter: string | null;
  readonly choose: (type: string) => void;
}

function JobForm({ type, types, start, from, letter, choose }: JobFormProps) {
  const act = useAction();
  const access = useAccess();
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState<Draft>(() => draftOf(start));
  const [settings, setSettings] = useState<Settings>({});
  const [refused, setRefused] = useState<Faults>(new Map());
  const [failure, setFailure] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const own = new Map([
    ...schemaFaults(type.payloadSchema, draft.payload, "/payload"),
    ...settingFaults(settings, Date.now()),
  ]);
  const faults: Faults = new Map([...refused, ...own]);
  const wrong = own.size + (draft.fault ? 1 : 0);

  function edit(next: Draft): void {
    setDraft(next);
    setRefused(new Map());
    setFailure(undefined);
  }

  // Moves the focus to the first field that the service refused.
  useEffect(() => {
    if (refused.size > 0) focusFirstFault(form.current);
  }, [refused]);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (access.readOnly) return;
    if (wrong > 0) return focusFirstFault(form.current);
    if (isBusy) return;
    setBusy(true);
    setFailure(undefined);
    const many = typeof settings.count === "number" && settings.count > 1 ? settings.count : 1;
    const body = { ...requestOf(settings, Date.now()), type: type.name, payload: draft.payload };
    try {
      const target = await send(body, many);
      await act(
        many > 1 ? `Submitted ${many} jobs` : letter ? "Replayed" : "Submitted",
        async () => undefined,
      );
      location.hash = target;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const errors = error.problem?.errors ?? [];
      setRefused(new Map(errors.map(({ path, message }) => [path, message])));
      setFailure(`${error.detail}. ${error.remedy}`);
    } finally {
      setBusy(false);
    }
  }

  /** Submits the form and returns the page address (the URL fragment) that shows the resulting job or jobs. */
  async function send(body: { type: string; payload: Draft["payload"] }, many: number): Promise<string> {
    if (letter) {
      const { jobId } = await client.gateway.replayDeadLetter({
        params: { id: letter },
        body: { payload: { ...body.payload } },
      });
      if (jobId) noteSubmitted(jobId);
      return jobId ? `#/jobs/${jobId}` : "#/dead-letters";
    }
    const job = { ...body, payload: { ...body.payload }, ...(from && { originId: from }) };
    if (many === 1) {
      const { jobId } = await client.gateway.submitJob({ body: job });
      noteSubmitted(jobId);
      return `#/jobs/${jobId}`;
    }
    await client.gateway.submitBatch({ body: { jobs: new Array<typeof job>(many).fill(job) } });
    return jobsAddress(`type:${type.name}`);
  }

  const schema = type.payloadSchema as PayloadSchema;
  return (
    <form class="newjob" ref={form} noValidate onSubmit={(event) => void submit(event)}>
      <div class="stack">
        <Panel id="form" title="Payload" end={`${type.name} ${type.version}`}>
          <div class="form-field">
            <label for="type">Type</label>
            <select
              id="type"
              value={type.name}
              aria-disabled={letter !== null}
              disabled={letter !== null}
              onChange={(event) => choose(event.currentTarget.value)}
            >
              {types.map(({ name }) => (
                <option value={name} key={name}>
                  {name}
                </option>
              ))}
            </select>
          </div>
          <ObjectFields
            path="/payload"
            schema={schema}
            value={draft.payload}
            faults={faults}
            onChange={(payload) => edit(draftOf(payload as Draft["payload"]))}
          />
        </Panel>
        {!letter && (
          <Panel id="settings" title="How it runs" end="all optional">
            <div class="settings">
              {Object.entries(SETTINGS).map(([name, { label, ...one }]) => (
                <PayloadField
                  key={name}
                  name={label}
                  path={`/${name}`}
                  schema={one}
                  required={false}
                  value={settings[name]}
                  faults={faults}
                  onChange={(value) => {
                    const { [name]: _, ...rest } = settings;
                    setSettings(value === undefined ? rest : { ...rest, [name]: value });
                    setRefused(new Map());
                  }}
                />
              ))}
            </div>
          </Panel>
        )}
        <div class="submit">
          <button class="btn primary" type="submit" aria-disabled={wrong > 0 || isBusy || access.readOnly}>
            {isBusy ? "Submitting…" : submitLabel(letter, settings)}
          </button>
          <p class={failure ? "fault" : "hint-text"} role={failure ? "alert" : undefined}>
            {failure && <Icon name="failed" />}
            {access.reason ??
              failure ??
              (wrong > 0 ? `${wrong === 1 ? "One field is" : `${wrong} fields are`} invalid` : "")}
          </p>
        </div>
      </div>
      <Expert type={type} draft={draft} faults={faults} onText={(text) => edit(withText(draft, text))} />
    </form>
  );
}

/** Shows the payload as JSON and the type's retry policy. */
function Expert({
  type: { retry, deadlineMs, payloadSchema },
  draft,
  faults,
  onText,
}: {
  type: JobTypeInfo;
  draft: Draft;
  faults: Faults;
  onText: (text: string) => void;
}) {
  // A fault without a field, such as a property that the schema does not define.
  const names = Object.keys((payloadSchema as PayloadSchema).properties ?? {});
  const stray = [...faults].find(
    ([path]) =>
      path === "/payload" || (path.startsWith("/payload/") && !names.includes(path.split("/")[2] ?? "")),
  );
  const message = draft.fault ?? (stray && `${stray[0]}: ${stray[1]}`);
  return (
    <aside class="stack">
      <Panel id="json" title="As JSON" end="in sync with the fields">
        <div class="form-field">
          <textarea
            aria-label="Payload as JSON"
            aria-describedby="json-about"
            aria-invalid={message !== undefined}
            rows={12}
            spellcheck={false}
            value={draft.text}
            onInput={(event) => onText(event.currentTarget.value)}
          />
          <p class={message ? "fault" : "hint-text"} id="json-about">
            {message && <Icon name="failed" />}
            {message}
          </p>
        </div>
      </Panel>
      <Panel id="policy" title="When it fails">
        <dl class="facts">
          <dt>Tries</dt>
          <dd>{retry.maxAttempts}</dd>
          <dt>Backoff</dt>
          <dd>
            {duration(retry.baseMs)} to {duration(retry.capMs)}, full jitter
          </dd>
          <dt>Deadline</dt>
          <dd>{duration(deadlineMs)} for each try</dd>
        </dl>
      </Panel>
    </aside>
  );
}

function submitLabel(letter: string | null, { count }: Settings): string {
  if (letter) return "Replay as a new job";
  return typeof count === "number" && count > 1 ? `Submit ${count} jobs` : "Submit";
}

function focusFirstFault(form: HTMLFormElement | null): void {
  form?.querySelector<HTMLElement>("[aria-invalid='true']")?.focus();
}
