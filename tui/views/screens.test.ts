import { beforeAll, expect, test } from "bun:test";
import type { Alert } from "../../contracts/alert.ts";
import type { QueuesReply, WorkersReply } from "../../contracts/api-queries.ts";
import type { DeadLetter } from "../../contracts/dead-letter.ts";
import { toText } from "../canvas.ts";
import { type Place, placeOf, type State } from "../model.ts";
import type { Resources } from "../resources.ts";
import { expectGolden } from "../testing/golden.ts";
import { NOW, SAMPLE_EVENTS, sampleId, sampleJobDetail } from "../testing/sample-data.ts";
import { answered, freshState, liveState, press } from "../testing/sample-state.ts";
import { update } from "../update.ts";
import { render } from "./frame.ts";

beforeAll(() => {
  process.env.TZ = "UTC";
});

const ago = (ms: number) => new Date(NOW - ms).toISOString();
const letter = (number: number, changes: Partial<DeadLetter> = {}): DeadLetter => ({
  id: sampleId(number),
  kind: "job",
  reason: "OUT_OF_TRIES",
  detail: "Out of coffee",
  service: "processor",
  queue: "jobs.created",
  diedAt: ago(number * 30_000),
  body: JSON.stringify({ type: "hash", payload: { text: "observe" } }),
  jobId: sampleId(number),
  replays: 0,
  ...changes,
});
const deadLetters: Resources["deadLetters"] = {
  nextCursor: null,
  items: [
    letter(1),
    letter(2),
    letter(3, {
      kind: "message",
      reason: "MALFORMED",
      detail: "Unexpected token at 17",
      body: "{not json",
      jobId: undefined,
      replays: 2,
    }),
    letter(4, {
      kind: "message",
      reason: "MALFORMED",
      detail: "Unexpected token at 4",
      body: "{",
      jobId: undefined,
    }),
  ],
};
const queue = { waiting: 0, scheduled: 0, executing: 0, paused: false, oldestWaitingMs: null };
const queues: QueuesReply = {
  queues: [
    { ...queue, type: "hash", waiting: 151, executing: 12, oldestWaitingMs: 2_100 },
    { ...queue, type: "sleep", paused: true, waiting: 4, oldestWaitingMs: 120_000 },
    { ...queue, type: "export", waiting: 2, withoutWorker: 2, note: "no live worker runs this type" },
  ],
  bus: [{ name: "jobs.created", ready: 3, consumers: 1 }],
  busAt: ago(1_000),
  deadLetters: 4,
  outbox: 1,
};
const worker = {
  host: "box",
  pid: 7,
  version: "1.0.0",
  concurrency: 64,
  running: 0,
  jobs: [],
  startedAt: ago(3_600_000),
  heartbeatAt: ago(2_000),
};
const job = { jobId: sampleId(1), type: "hash", attempt: 1, startedAt: ago(1_000) };
const workers: WorkersReply = {
  workers: [
    { ...worker, id: "processor-7.1.1", state: "alive", running: 2, jobs: [job, job] },
    { ...worker, id: "processor-8.1.1", state: "lost", heartbeatAt: ago(60_000) },
  ],
};
const rule = { description: "", keptFrom: ago(0), lookedAt: ago(12_000), pruned: 0 };
const retention: Resources["retention"] = {
  at: ago(1_000),
  rules: [
    {
      ...rule,
      what: "jobs",
      setting: "JOB_RETENTION_HOURS",
      keepHours: 72,
      keptFrom: ago(72 * 3_600_000),
      pruned: 4_211,
      oldest: ago(250_000_000),
    },
    {
      ...rule,
      what: "failed-jobs",
      setting: "FAILED_JOB_RETENTION_HOURS",
      keepHours: 336,
      pruned: 12,
      oldest: ago(900_000_000),
    },
    { ...rule, what: "dead-letters", setting: "JOB_RETENTION_HOURS", keepHours: 72 },
    {
      ...rule,
      what: "events",
      setting: "EVENT_RETENTION_HOURS",
      keepHours: 168,
      pruned: undefined,
      lookedAt: undefined,
    },
  ],
  remembered: { jobs: 4_223, since: ago(600_000_000) },
};
const alert: Alert = {
  id: "a1",
  name: "DeadLettersArriving",
  severity: "warning",
  state: "firing",
  summary: "54 dead letters arrived",
  description: "54 messages or jobs became dead letters within ten minutes.",
  startsAt: ago(180_000),
  labels: { alertname: "DeadLettersArriving", severity: "warning", service: "processor" },
  runbookUrl: "http://localhost:8080/runbooks/DeadLettersArriving",
};
const pages: Resources["pages"] = [
  {
    id: "docs",
    name: "Gateway API docs",
    url: "http://localhost:3000/docs",
    description: "The commands",
    state: "reachable",
  },
  {
    id: "web",
    name: "Web dashboard",
    url: "http://localhost:8081/",
    description: "In the browser",
    state: "unreachable",
    reason: "does not answer",
  },
  {
    id: "grafana",
    name: "Grafana",
    url: "http://localhost:3002/",
    description: "Dashboards",
    state: "absent",
    reason: "only in the full system",
  },
];
const samples: Partial<Resources> = {
  deadLetters,
  deadLetter: letter(3, {
    kind: "message",
    reason: "MALFORMED",
    detail: "Unexpected token",
    body: "{not json",
  }),
  queues,
  workers,
  retention,
  completedSeries: {
    stepMs: 60_000,
    from: "2027-01-31T13:57:00.000Z",
    to: "2027-01-31T14:03:00.000Z",
    series: [
      { metric: "completed", labels: {}, points: [6_000, 6_000, 6_000, 300, 312, 30] },
      // The queried range covers two whole minutes and 11.5 s of a third.
      { metric: "completed", labels: { type: "hash" }, points: [6_000, 6_000, 6_000, 300, 300, 31] },
      { metric: "completed", labels: { type: "sleep" }, points: [null, null, null, null, 12, null] },
    ],
  },
  alerts: { items: [alert], source: "alertmanager", fetchedAt: null },
  pages,
};

const shown = (state: State) => toText(render(state));
const at = (place: Place, more: Partial<Resources> = {}, width = 80, height = 24) =>
  liveState(width, height, place, { ...samples, ...more });

test("the event screen lists events, filters them and opens one in full", () => {
  expectGolden("events-100x24", shown(at({ screen: "events" }, {}, 100)));
  expectGolden("events-40x12", shown(at({ screen: "events" }, {}, 40, 12)));
  const filtered = press(at({ screen: "events" }), "/", ..."coffee", "enter").state;
  expect(shown(filtered)).toContain("Events › coffee");
  expect(shown(filtered)).not.toContain("completed");
  const one = press(at({ screen: "events" }), "down", "enter").state;
  expect(shown(one)).toContain('"message": "Out of coffee"');
});

test("dead letters are grouped by cause, and the arrow keys choose a cause", () => {
  expectGolden("dead-letters-80x24", shown(at({ screen: "dead-letters" })));
  const { state } = press(at({ screen: "dead-letters" }), "right", "right");
  expect(shown(state)).toContain("Unexpected token at 17");
  expect(shown(at({ screen: "dead-letters" }, { deadLetters: { items: [], nextCursor: null } }))).toContain(
    "No dead letters. Submit a fail to see one: N",
  );
});

test("a dead letter shows its reason and message, and a job's dead letter can be edited in a form", () => {
  expectGolden("dead-letter-80x24", shown(at({ screen: "dead-letter", id: sampleId(3) })));
  const job = at({ screen: "dead-letter", id: sampleId(1) }, { deadLetter: letter(1) });
  const { state, effects } = press(job, "e", "!", ...new Array(7).fill("down"), "enter");
  expect(placeOf(state).screen).toBe("new-job");
  expect(effects).toMatchObject([{ kind: "run", command: { kind: "replay-edited", id: sampleId(1) } }]);
  expect(press(job, "d").state.overlay).toMatchObject({
    question: "Drop 1 dead letter? This cannot be undone.",
  });
});

test("pausing a queue needs a confirmation, resuming does not, and Enter lists its jobs", () => {
  expectGolden("queues-80x24", shown(at({ screen: "queues" })));
  expectGolden("queues-100x24", shown(at({ screen: "queues" }, {}, 100)));
  const paused = press(at({ screen: "queues" }), "p");
  expect(paused.state.overlay).toMatchObject({
    question: "Pause queue hash? Its jobs wait until it is resumed.",
  });
  expect(press(at({ screen: "queues" }), "down", "p").effects).toMatchObject([
    { kind: "run", command: { kind: "resume", type: "sleep" } },
  ]);
  expect(press(at({ screen: "queues" }), "enter").state.lists.jobs.filter).toBe("type:hash");
  const onWorker = press(at({ screen: "queues" }), "G", "enter").state;
  expect(onWorker.lists.jobs.filter).toBe("workerId:processor-8.1.1");
  expect(shown(at({ screen: "queues" }, { workers: { workers: [] } }))).toContain("No worker has registered");
});

test("the retention rules are below the workers if they fit, otherwise in the workers panel's border", () => {
  expectGolden("queues-120x40", shown(at({ screen: "queues" }, {}, 120, 40)));
  expectGolden("queues-40x12", shown(at({ screen: "queues" }, {}, 40, 12)));
  const waiting = "the ledger has not sealed these hours yet";
  const [first, ...others] = retention.rules;
  const delayed = { ...retention, rules: [{ ...first!, waiting, oldest: ago(300_000_000) }, ...others] };
  expect(shown(at({ screen: "queues" }, { retention: delayed }, 120))).toContain(waiting);
  expect(shown(at({ screen: "queues" }, { retention: delayed }, 40, 12))).toContain("deletion is delayed");
  const young = { ...retention, rules: [{ ...first!, waiting }, ...others] };
  expect(shown(at({ screen: "queues" }, { retention: young }, 120))).not.toContain(waiting);
  expect(shown(at({ screen: "queues" }, { retention: undefined }))).toContain(
    "Waiting for the retention rules",
  );
});

test("the alert screen explains each alert or, without an Alertmanager, how to get alerts", () => {
  expectGolden("alerts-80x24", shown(at({ screen: "alerts" })));
  expect(press(at({ screen: "alerts" }), "enter").effects).toEqual([
    { kind: "open", url: alert.runbookUrl } as never,
  ]);
  expect(
    shown(at({ screen: "alerts" }, { alerts: { items: [], source: "none", fetchedAt: null } })),
  ).toContain("cannot raise alerts");
  expect(
    shown(at({ screen: "alerts" }, { alerts: { items: [], source: "alertmanager", fetchedAt: null } })),
  ).toContain("No alert is firing");
  expect(shown(liveState(100, 28, undefined, samples))).toContain("▲ warning  DeadLettersArr");
});

test("the page list says why a page cannot be opened", () => {
  expectGolden("pages-100x24", shown(at({ screen: "pages" }, {}, 100)));
  expectGolden("pages-40x12", shown(at({ screen: "pages" }, {}, 40, 12)));
  const { effects } = press(at({ screen: "pages" }), "c", "enter");
  expect(effects).toMatchObject([{ kind: "copy", text: "http://localhost:3000/docs" }, { kind: "open" }]);
});

test("the smallest terminal keeps the last digits of every id", () => {
  const small = (place: Place, more: Partial<Resources> = {}) => at(place, more, 40, 12);
  const family = sampleJobDetail({ parentId: sampleId(7), originId: sampleId(8), originKind: "edit" });
  const job = small({ screen: "job", id: family.id }, { job: family });
  expect(shown(press(job, "tab", "tab", "tab", "tab").state)).toContain("#1   00000001");
  const children = shown(press(job, "tab", "tab", "tab", "tab", "tab").state);
  for (const end of ["0dfc0007", "0dfc0008"]) expect(children).toContain(end);
  const replayed = letter(3, { replays: 1, replayedAs: sampleId(9) });
  const dead = { ...small({ screen: "dead-letter", id: replayed.id }, { deadLetter: replayed }), height: 20 };
  for (const end of ["0dfc0003", "0dfc0009"]) expect(shown(dead)).toContain(end);
});

test("after a retry, only the current run's tries count against the limit", () => {
  const again = sampleJobDetail({ attempt: 6, run: 2, tries: 2 });
  const jobs = shown(at({ screen: "jobs" }, { jobs: { items: [again], nextCursor: null } }, 120));
  const detail = shown(at({ screen: "job", id: again.id }, { job: again }, 120));
  expect(jobs).toContain(" 2/3 ");
  expect(detail).toContain("2/3 tries · ");
  expect(jobs + detail).not.toContain("6/3");
});

test("an unfinished job shows its running attempt, progress and children; a failed job shows its error", () => {
  const running = sampleJobDetail({
    status: "EXECUTING",
    attempts: [],
    finishedAt: undefined,
    startedAt: ago(30_000),
    attempt: 1,
    progress: { fraction: 0.4, note: "asleep", at: ago(10) },
    transitions: [],
    parentId: sampleId(7),
    children: { total: 3, byStatus: { COMPLETED: 3 } },
  });
  const place = { screen: "job", id: sampleId(1) } as const;
  const state = at(place, { job: running }, 100, 30);
  expect(shown(state)).toContain("▇▇▇▇▁▁▁▁▁▁ 40% asleep");
  expect(shown(state)).toContain("so far");
  expect(shown(press(state, "shift-tab").state)).toContain("3 children");
  const failed = sampleJobDetail({
    status: "FAILED",
    result: undefined,
    error: { code: "FLAKY", message: "Told to fail" },
  });
  expect(shown(press(at(place, { job: failed }), "tab", "tab").state)).toContain("✕ FLAKY");
  for (const status of ["SCHEDULED", "RETRYING", "VALIDATED"] as const)
    expect(shown(at(place, { job: { ...running, status } }))).toContain("wait");
  const envelopes = press(
    at(place, { job: { ...failed, events: [...SAMPLE_EVENTS] } }),
    "tab",
    "tab",
    "tab",
    "tab",
    "down",
    "enter",
  ).state;
  expect(placeOf(envelopes)).toEqual({ screen: "event", id: SAMPLE_EVENTS[1]!.eventId });
});

test("a listed job is loaded before it is edited, because lists carry no payloads", () => {
  const bare = sampleJobDetail({ payload: { ms: 250 }, type: "sleep" });
  const list = { nextCursor: null, items: [{ ...bare, payload: undefined }] };
  const { state } = press(at({ screen: "jobs" }, { jobs: list }), "e");
  expect(placeOf(state)).toEqual({ screen: "job", id: bare.id });
  const edited = answered(state, { ...samples, job: bare });
  expect(placeOf(edited).screen).toBe("new-job");
  expect(shown(edited)).toContain("Edit and resubmit as a new job");
  expect(edited.form?.fields.find(({ name }) => name === "ms")?.value).toBe("250");
});

test("the launcher requires confirmation, shows each step, and says what to do after a failure", () => {
  const start = press(liveState(80, 24), "L").state;
  expectGolden("launcher-80x24", shown(start));
  const asked = press(start, "down", "enter").state;
  expect(asked.overlay).toMatchObject({
    question: "A system is already running. Start the full tier anyway?",
  });
  const { state, effects } = press(asked, "y");
  expect(effects).toEqual([{ kind: "launch", doing: "start", tier: "full" } as never]);
  const lines = [
    "gateway on 127.0.0.1:3000, ready in 0.8 s",
    "Waiting for metrics-engine: its first response (1 s)",
    "Could not start redis",
  ];
  const [printed] = update(state, { kind: "launch-printed", lines }, NOW + 1_500);
  const [failed] = update(printed, { kind: "launch-ended", exitCode: 1 }, NOW + 2_000);
  expectGolden("launcher-failed-80x24", shown(failed));
  expect(press(failed, "ctrl-q").state.overlay).toMatchObject({
    effect: { kind: "launch", doing: "stop", tier: "full" },
  });
  const server = { ...liveState(80, 24), options: { ...start.options, serverMode: true } };
  expect(placeOf(press(server, "L").state).screen).toBe("overview");
});

test("the setup screen shows an installation command before running it", () => {
  const checks: Resources["checks"] = [
    { id: "cores", name: "cores", status: "OK", detail: "8 cores" },
    {
      id: "redis",
      name: "Redis",
      status: "WARN",
      detail: "not found; only the full tier needs it",
      remedy: "sudo apt-get install -y redis-server",
    },
    { id: "disk", name: "disk", status: "FAIL", detail: "0.2 GB free", remedy: "Free 1 GB of disk" },
  ];
  const state = at({ screen: "setup" }, { checks });
  expectGolden("setup-80x24", shown(press(state, "down").state));
  const asked = press(state, "down", "enter").state;
  expect(asked.overlay).toMatchObject({ question: "Run `sudo apt-get install -y redis-server`?" });
  expect(press(asked, "y").effects).toEqual([
    { kind: "install", command: "sudo apt-get install -y redis-server" } as never,
  ]);
  expect(press(asked, "esc").effects).toEqual([]);
  expect(press(state, "G", "enter", "c").effects).toMatchObject([
    { kind: "copy", text: "Free 1 GB of disk" },
  ]);
});

test.each<[Place, string, string | undefined]>([
  [{ screen: "jobs" }, "Waiting for the jobs", "jobs"],
  [{ screen: "job", id: sampleId(1) }, "Waiting for the job", "job"],
  [{ screen: "events" }, "Waiting for the events", "events"],
  [{ screen: "dead-letters" }, "Waiting for the dead letters", "deadLetters"],
  [{ screen: "dead-letter", id: sampleId(1) }, "Waiting for the dead letter", "deadLetter"],
  [{ screen: "queues" }, "Waiting for the queues", "queues"],
  [{ screen: "alerts" }, "Waiting for the alerts", "alerts"],
  [{ screen: "new-job" }, "Waiting for the job types", "jobTypes"],
  [{ screen: "setup" }, "Checking this machine", "checks"],
  [{ screen: "pages" }, "Checking the pages", undefined],
  [{ screen: "event", id: sampleId(1) }, "no longer loaded", undefined],
])("%j shows what it is waiting for, then what failed", (place, waiting, name) => {
  const start = { ...freshState(80, 24), places: [{ screen: "overview" } as const, place] };
  const [asked] = update(start, { kind: "tick" }, NOW);
  expect(shown(asked)).toContain(waiting);
  const loading = asked.data[name as keyof Resources];
  if (!loading) return expect(name).toBeUndefined();
  const failure = { message: "The store is down", remedy: "Start it", unreachable: false };
  const message = { kind: "failed", name: name as keyof Resources, key: loading.key, failure } as const;
  const [failed] = update(asked, message, NOW);
  expect(shown(failed)).toContain("The store is down");
});

test("the screens of an empty system suggest submitting a job", () => {
  const none = { items: [], nextCursor: null };
  const empty = { ...queues, queues: [], bus: [] };
  expect(shown(at({ screen: "jobs" }, { jobs: none }))).toContain("No jobs yet. Submit one: N");
  expect(shown(press(at({ screen: "jobs" }, { jobs: none }), "/", "x", "enter").state)).toContain("Waiting");
  expect(shown(at({ screen: "events" }, { events: none }))).toContain("No events yet");
  expect(shown(at({ screen: "queues" }, { queues: empty }))).toContain("No job has been submitted yet: N");
  const filtered = press(at({ screen: "events" }), "/", ..."nothing has this", "enter").state;
  expect(shown(filtered)).toContain("None of the newest events matches");
});

test("a form's text field is edited at its caret", () => {
  const form = press(at({ screen: "jobs" }), "N", "down").state;
  const textAfter = (...keys: string[]) =>
    press(form, ...keys).state.form?.fields.find(({ name }) => name === "text")?.value;
  expect(textAfter("!")).toBe("observe!");
  expect(textAfter("home", ">", "end", "<")).toBe(">observe<");
  expect(textAfter("left", "left", "delete")).toBe("obsere");
  expect(textAfter("left", "backspace", "right", "backspace")).toBe("obser");
  expect(textAfter("left", "ctrl-u")).toBe("e");
  expect(textAfter("ctrl-a", "delete", "ctrl-e", "pgup")).toBe("bserve");
});

test("keys move the cursor, mark, sort, freeze and follow jobs, and copy text", () => {
  const jobs = at({ screen: "jobs" });
  expect(press(jobs, "G").state.lists.jobs.index).toBe(7);
  expect(press(jobs, "pgdn", "pgup", "j", "k", "down").state.lists.jobs.index).toBe(1);
  expect(press(jobs, "left").state.lists.jobs.filter).toBe("status:rejected");
  expect(shown(press(jobs, "s", "s").state)).toContain("slowest");
  expect(shown(press(jobs, "z").state)).toContain("frozen, 0 new");
  expect(shown(press(jobs, "z", "z", "f").state)).toContain("following");
  expect(shown(press(jobs, "*").state)).toContain("everything that matches is marked");
  expect(press(jobs, "c", "C").effects.map(({ kind }) => kind)).toEqual(["copy", "copy"]);
  expect(press(jobs, "m").effects).toEqual([{ kind: "mouse", on: true } as never]);
  const tabbed = press(jobs, "tab", "shift-tab", "shift-tab").state;
  expect(placeOf(tabbed).screen).toBe("overview");
  const overview = liveState(80, 24);
  expect(placeOf(press(overview, "down", "down", "enter").state)).toEqual({ screen: "job", id: sampleId(2) });
  expect(placeOf(press(tabbed, "U").state).screen).toBe("pages");
});
