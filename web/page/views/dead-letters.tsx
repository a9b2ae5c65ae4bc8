import { useState } from "preact/hooks";
import type { DeadLetter } from "../../../contracts/dead-letter.ts";
import { causeOf, filterOfCause, groupsOf } from "../../../shared/dead-letter-groups.ts";
import { age, count, shortId } from "../../../shared/format.ts";
import { useAccess } from "../access.ts";
import { client } from "../client.ts";
import { ActionButton } from "../parts/action-button.tsx";
import { useConfirm } from "../parts/confirm.tsx";
import { Empty, Panel } from "../parts/panel.tsx";
import { useAction } from "../parts/toast.tsx";
import { useQuery } from "../query.ts";
import { goTo } from "../route.ts";
import { useShortcuts } from "../shortcuts.ts";

const PAGE = 200;
const MOST_REASONS = 6;

const useLetters = () =>
  useQuery("dead letters", (signal) =>
    client.readModel.listDeadLetters({ query: { limit: PAGE } }, { signal }),
  );

/** Returns the handler's error message for a job that is out of tries, and otherwise the reason in words. */
function causeWords({ reason, detail }: Pick<DeadLetter, "detail"> & { reason: string }): string {
  const words = reason.replaceAll("_", " ").toLowerCase();
  return reason === "OUT_OF_TRIES" && detail ? detail : words.charAt(0).toUpperCase() + words.slice(1);
}

/** Shows the causes of the dead letters, most common first. */
export function DeadLetterReasons({ total, class: className }: { total: number; class?: string }) {
  const { data, error } = useLetters();
  const groups = groupsOf(data?.items ?? []);
  const most = groups[0]?.count ?? 1;
  const rest = groups.slice(MOST_REASONS).reduce((sum, group) => sum + group.count, 0);
  return (
    <Panel
      id="dead"
      busy={!data && !error}
      title="Dead letters"
      class={className}
      error={data ? undefined : error}
      end={
        <a class="link" href="#/dead-letters">
          {total > PAGE ? `The newest ${PAGE} of ${count(total)}` : `All ${count(total)}`}
        </a>
      }
    >
      {data && groups.length === 0 && (
        <Empty>No dead letters. Press N and submit a `fail` job to see one.</Empty>
      )}
      <ul class="reasons">
        {groups.slice(0, MOST_REASONS).map((group) => (
          <li key={group.key}>
            <a class="clip" href={hashOf(group.key)} title={`${group.reason}: ${group.detail}`}>
              {causeWords(group)}
            </a>
            <span class="bar">
              <i style={{ width: `${(100 * group.count) / most}%` }} />
            </span>
            <span class="num">{count(group.count)}</span>
          </li>
        ))}
        {rest > 0 && (
          <li>
            <span class="dim">Other causes</span>
            <span class="bar" />
            <span class="num">{count(rest)}</span>
          </li>
        )}
      </ul>
    </Panel>
  );
}

const hashOf = (cause: string | undefined) =>
  cause === undefined ? "#/dead-letters" : `#/dead-letters?cause=${encodeURIComponent(cause)}`;

/** Shows the dead letters: grouped by cause at the side, one by one in the list. */
export function DeadLettersView({ query }: { query: URLSearchParams }) {
  const cause = query.get("cause") ?? undefined;
  const { data, error, reload } = useLetters();
  const { reason } = useAccess();
  const groups = groupsOf(data?.items ?? []);
  const shown = (data?.items ?? []).filter((letter) => cause === undefined || causeOf(letter) === cause);
  return (
    <>
      <div class="page-head">
        <div>
          <h1>Dead letters</h1>
          <p>{reason ?? "Replay a dead letter, edit its payload before replaying it, or drop it."}</p>
        </div>
        <LetterActions cause={cause} letters={shown} reload={reload} />
      </div>
      <div class="jobs">
        <aside class="facets" aria-label="Narrow the list">
          <section class="facet">
            <h2>Cause</h2>
            <ul>
              <li>
                <a href={hashOf(undefined)} aria-current={cause === undefined ? "true" : undefined}>
                  <span>All</span>
                  <span class="n">{data && count(data.items.length)}</span>
                </a>
              </li>
              {groups.map((group) => (
                <li key={group.key}>
                  <a
                    href={hashOf(group.key)}
                    aria-current={cause === group.key ? "true" : undefined}
                    title={`${group.reason}: ${group.detail}`}
                  >
                    <span class="clip">{causeWords(group)}</span>
                    <span class="n">{count(group.count)}</span>
                  </a>
                </li>
              ))}
            </ul>
          </section>
        </aside>
        <Panel
          id="letters"
          title="Waiting for a person"
          flush={shown.length > 0}
          error={data ? undefined : error}
          end={data?.nextCursor ? `the newest ${PAGE}` : ""}
        >
          {data && shown.length === 0 && (
            <Empty>
              {cause === undefined
                ? "No dead letters. Press N and submit a `fail` job to see one."
                : "No dead letters with this cause are left."}
            </Empty>
          )}
          <Letters letters={shown} reload={reload} />
        </Panel>
      </div>
    </>
  );
}

/** Acts on all dead letters, or on those with one cause, after a dry run has counted them. */
function LetterActions({
  cause,
  letters,
  reload,
}: {
  cause: string | undefined;
  letters: readonly DeadLetter[];
  reload: () => void;
}) {
  const act = useAction();
  const confirm = useConfirm();
  const access = useAccess();
  const [first] = letters;
  const why = access.reason ?? (first ? undefined : "There are no dead letters");
  const all = (action: "replay" | "drop") => async () => {
    if (!first) return;
    const body =
      cause === undefined ? { action, filter: {}, all: true } : { action, filter: filterOfCause(first) };
    const verb = action === "replay" ? "Replay" : "Drop";
    const { matched } = await client.gateway.actOnDeadLetters({ body: { ...body, dryRun: true } });
    const isSure = await confirm({
      title: `${verb} ${count(matched)} dead ${matched === 1 ? "letter" : "letters"}?`,
      text:
        action === "replay"
          ? "Each job runs again with the same payload; messages return to their queues."
          : "This cannot be undone. The jobs keep their rows.",
      verb: `${verb} ${count(matched)}`,
    });
    if (isSure)
      await act(`${action === "replay" ? "Replaying" : "Dropping"} ${count(matched)}`, () =>
        client.gateway.actOnDeadLetters({ body }).finally(reload),
      );
  };
  const guarded = (action: "replay" | "drop") => () =>
    all(action)().catch((error: Error) => act("", () => Promise.reject(error)));
  return (
    <div class="end actions">
      <ActionButton
        label="Replay all shown"
        busyLabel="Counting…"
        icon="retrying"
        why={why}
        run={guarded("replay")}
      />
      <ActionButton
        label="Drop all shown"
        busyLabel="Counting…"
        tone="danger"
        why={why}
        run={guarded("drop")}
      />
    </div>
  );
}

function Letters({ letters, reload }: { letters: readonly DeadLetter[]; reload: () => void }) {
  const [open, setOpen] = useState<string>();
  const place = letters.findIndex(({ id }) => id === open);
  const step = (by: number) => {
    const next = letters[place + by] ?? (place < 0 ? letters[0] : undefined);
    return next && { run: () => setOpen(next.id) };
  };
  useShortcuts({ up: step(-1), down: step(1) });
  return (
    <ul class="letters">
      {letters.map((letter) => (
        <li key={letter.id}>
          <button
            class="letter"
            type="button"
            aria-expanded={open === letter.id}
            onClick={() => setOpen(open === letter.id ? undefined : letter.id)}
          >
            <span class="code mono">{letter.reason}</span>
            <span class="mono dim">{letter.jobId && shortId(letter.jobId)}</span>
            <span class="clip soft">{letter.detail}</span>
            <span class="dim num">{age(Date.now() - Date.parse(letter.diedAt))}</span>
          </button>
          {open === letter.id && <OpenLetter letter={letter} reload={reload} />}
        </li>
      ))}
    </ul>
  );
}

function OpenLetter({ letter, reload }: { letter: DeadLetter; reload: () => void }) {
  const act = useAction();
  const confirm = useConfirm();
  const access = useAccess();
  const params = { id: letter.id };
  const replay = () => act("Replayed", () => client.gateway.replayDeadLetter({ params }).finally(reload));
  const drop = async () => {
    const isSure = await confirm({
      title: "Drop 1 dead letter?",
      text: "This cannot be undone. The job keeps its row.",
      verb: "Drop 1",
    });
    if (isSure) await act("Dropped", () => client.gateway.dropDeadLetter({ params }).finally(reload));
  };
  const canEdit = letter.kind === "job" && letter.jobId !== undefined;
  const edit = () => goTo(`#/new?from=${letter.jobId}&letter=${letter.id}`);
  useShortcuts({
    replay: access.readOnly ? undefined : { run: () => void replay() },
    drop: access.readOnly ? undefined : { run: () => void drop() },
    edit: canEdit && !access.readOnly ? { run: edit } : undefined,
  });
  return (
    <div class="letter-body">
      <dl class="facts">
        <dt>Why</dt>
        <dd>{letter.detail}</dd>
        <dt>Where</dt>
        <dd>
          {letter.service}, {letter.queue}
        </dd>
        {letter.jobId && (
          <>
            <dt>Job</dt>
            <dd>
              <a class="link mono" href={`#/jobs/${letter.jobId}`}>
                {shortId(letter.jobId)}
              </a>
            </dd>
          </>
        )}
        {letter.replays > 0 && (
          <>
            <dt>Replayed</dt>
            <dd>{letter.replays === 1 ? "once" : `${count(letter.replays)} times`}</dd>
          </>
        )}
      </dl>
      <pre class="code-block">{letter.body}</pre>
      <div class="actions">
        <ActionButton
          label="Replay"
          busyLabel="Replaying…"
          icon="retrying"
          tone="primary"
          shown="t"
          why={access.reason}
          run={replay}
        />
        {canEdit && (
          <ActionButton
            label="Edit and replay"
            busyLabel="Opening…"
            shown="e"
            why={access.reason}
            run={async () => edit()}
          />
        )}
        <ActionButton
          label="Drop"
          busyLabel="Dropping…"
          tone="danger"
          shown="d"
          why={access.reason}
          run={drop}
        />
      </div>
    </div>
  );
}
