import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { completeFilter } from "./complete-filter.ts";
import { DEAD_LETTER_FILTER_KEYS, JOB_FILTER_KEYS } from "./filter-keys.ts";
import { DeadLetterFilter, JobFilter } from "./filter-schema.ts";
import { atTime, readFilterJson, readFilterQuery, readFilterText } from "./read-filter.ts";
import { writeFilter } from "./write-filter.ts";

const TYPES = ["fail", "fan-out", "hash", "sleep"];
const line = (text: string) => readFilterText("jobs", text, { types: TYPES });
const query = (text: string) => readFilterQuery("jobs", new URLSearchParams(text), { types: TYPES });
const messages = ({ faults }: { faults: readonly { message: string }[] }) =>
  faults.map(({ message }) => message);

test("a filter line can contain keys, payload fields and bare words", () => {
  expect(line("status:failed type:hash payload.user:1 failedAfter:5m some text")).toEqual({
    filter: {
      status: ["FAILED"],
      type: ["hash"],
      payload: { user: [1, "1"] },
      failedAfter: "5m",
      text: "some text",
    },
    faults: [],
  });
});

test("query parameters mean the same as the keys of a filter line", () => {
  const asQuery = query("status=failed&type=hash&payload.user=1&failedAfter=5m&text=some+text");
  expect(asQuery).toEqual(line("status:failed type:hash payload.user:1 failedAfter:5m some text"));
  expect(query("filter=status:failed+some+text&type=hash")).toEqual(
    line("status:failed some text type:hash"),
  );
});

test("a list may use commas or repeat its key, a status may be a code or a word, and duplicates count once", () => {
  const three = { status: ["FAILED", "VALIDATED", "CANCELLED"] } as const;
  expect(line("status:FAILED,waiting status:cancelled,validated").filter).toEqual(three as never);
  expect(query("status=failed,waiting&status=Cancelled").filter).toEqual(three as never);
});

test("a JSON filter accepts the same spellings of statuses and reasons as a line of text", () => {
  const given = { status: ["failed", "waiting", "FAILED", "validated"] };
  const reasons = { reason: "out_of_tries" };
  if (!Value.Check(JobFilter, given) || !Value.Check(DeadLetterFilter, reasons)) throw new Error("refused");
  expect(readFilterJson("jobs", given)).toEqual({ filter: { status: ["FAILED", "VALIDATED"] }, faults: [] });
  expect(readFilterJson("deadLetters", reasons).filter).toEqual({ reason: ["OUT_OF_TRIES"] });
  expect(Value.Check(JobFilter, { status: "fialed" })).toBe(false);
});

test("aliases and keys are recognized regardless of case", () => {
  expect(line("worker:desk-1 ERROR:HANDLER_ERROR createdafter:2h").filter).toEqual({
    workerId: "desk-1",
    errorCode: ["HANDLER_ERROR"],
    createdAfter: "2h",
  });
});

test("quotes preserve spaces and colons, and make a payload value a string even if it looks like a number", () => {
  expect(line('"http://a b" payload."user name":"100" payload.on:true').filter).toEqual({
    text: "http://a b",
    payload: { "user name": ["100"], on: [true, "true"] },
  });
  expect(query("payload.ms=%22100%22&payload.code=007&payload.note=").filter).toEqual({
    payload: { ms: ["100"], code: ["007"], note: [""] },
  });
  expect(line("payload.x:{} payload.x:1").filter).toEqual({ payload: { x: ["{}", 1, "1"] } });
});

describe("faults", () => {
  test("an unknown key is reported with the nearest names and its position", () => {
    const { faults } = line("type:hash stauts:failed");
    expect(faults).toEqual([
      {
        key: "stauts",
        message:
          'No filter is named "stauts"; did you mean status? To search for it as text, put it in double quotes',
        nearest: ["status"],
        start: 10,
        end: 23,
      },
    ]);
    expect(messages(query("stauts=failed"))).toEqual(['No filter is named "stauts"; did you mean status?']);
    const withOthers = readFilterQuery("jobs", new URLSearchParams("limitt=1"), { others: ["limit"] });
    expect(messages(withOthers)).toEqual(['No filter is named "limitt"; did you mean limit?']);
  });

  test("a comparison such as failed>-5m is reported with the condition to write instead", () => {
    const meant = (text: string) => line(text).faults.map(({ nearest }) => nearest);
    expect(line("type:hash failed>-5m")).toEqual({
      filter: { type: ["hash"] },
      faults: [
        {
          key: "failed",
          message:
            '"failed>-5m" is not a condition; did you mean failedAfter:5m? To search for it as text, put it in double quotes',
          nearest: ["failedAfter:5m"],
          start: 10,
          end: 20,
        },
      ],
    });
    expect(meant("staus=failed")).toEqual([["status:failed"]]);
    expect(meant("status=failed type==hash")).toEqual([["status:failed"], ["type:hash"]]);
    expect(meant("createdAt>=2026-11-27T09:00:00Z")).toEqual([["createdAfter:2026-11-27T09:00:00Z"]]);
    expect(meant("finished<1d createdAfter>2h")).toEqual([["finishedBefore:1d"], ["createdAfter:2h"]]);
    expect(meant("payload.user=1 worker=desk-1")).toEqual([["payload.user:1"], ["workerId:desk-1"]]);
    expect(messages(line("priority>5"))).toEqual([
      expect.stringMatching(
        /^"priority>5" is not a condition; a condition is key:value, and the keys are status/,
      ),
    ]);
    expect(messages(query("filter=staus%3Dfailed"))).toHaveLength(1);
    expect(messages(readFilterText("deadLetters", "died>1h"))).toEqual([
      expect.stringContaining("did you mean diedAfter:1h?"),
    ]);
  });

  test("a comparison in quotes, after a key, or without a name or value is read as plain text", () => {
    for (const text of ['"staus=failed"', "text:staus=failed", "YQ==", "a=>b", "a->b", "<div>", "=5", "x="])
      expect([text, line(text).faults]).toEqual([text, []]);
    expect(query("text=staus%3Dfailed")).toEqual(line('"staus=failed"'));
  });

  test("an unknown status or type is reported with the nearest ones, or with all of them", () => {
    expect(messages(line("status:fialed"))).toEqual([
      'status is "fialed", and there is no such status; did you mean failed?',
    ]);
    expect(messages(line("type:hsah"))).toEqual([
      'type is "hsah", and there is no such job type; did you mean hash?',
    ]);
    expect(messages(line("type:quite-other"))).toEqual([
      'type is "quite-other", and there is no such job type; the known types are fail, fan-out, hash, sleep',
    ]);
    expect(line("type:unheard").faults).toHaveLength(1);
    expect(readFilterText("jobs", "type:unheard").faults).toEqual([]);
  });

  test("an invalid time is quoted, with the advice to write %2B if a + was decoded as a space", () => {
    const wanted =
      "expected an RFC 3339 time with an offset (2026-11-27T09:00:00Z) or an age (30s, 5m, 2h, 1d)";
    expect(messages(query("createdAfter=now"))).toEqual([`createdAfter is "now", ${wanted}`]);
    expect(messages(query("createdAfter=2026-11-27T09:00:00+01:00"))).toEqual([
      `createdAfter is "2026-11-27T09:00:00 01:00", ${wanted}; in a URL write the + of an offset as %2B`,
    ]);
    expect(messages(query("createdAfter=2026-11-27T09:00:00%2B01:00"))).toEqual([]);
  });

  test("every faulty entry is reported, and the others are still read", () => {
    const read = line("status: parent:7 createdAfter:1h createdAfter:2h payload.:1 type:hash");
    expect(read.filter).toEqual({ createdAfter: "1h", type: ["hash"] });
    expect(messages(read)).toEqual([
      "status is empty, expected a status",
      'parentId is "7", expected a UUID',
      "createdAfter is given twice, but takes a single value",
      "payload. names no field; write payload.<field>",
    ]);
  });

  test("text that PostgreSQL cannot store, or that exceeds a limit, is reported", () => {
    for (const bad of [
      "text=a%00b",
      "payload.a=%00",
      "payload.a=%22%5Cud800%22",
      "payload.%00=1",
      "type=a%00",
    ])
      expect([bad, query(bad).faults.length]).toEqual([bad, 1]);
    expect(line("x".repeat(2_001)).faults).toHaveLength(1);
    expect(query(`text=${"x".repeat(201)}`).faults).toHaveLength(1);
    expect(query("payload.a=1&payload.b=1&".repeat(11)).faults.length).toBeGreaterThan(0);
    expect(query(Array.from({ length: 11 }, (_, i) => `payload.f${i}=1`).join("&")).faults).toHaveLength(1);
  });
});

test("ages become absolute times, counted back from a given time", () => {
  const now = new Date("2026-11-27T12:00:00Z");
  expect(atTime({ createdAfter: "2h", createdBefore: "2026-11-27T11:00:00+01:00", text: "5m" }, now)).toEqual(
    {
      createdAfter: "2026-11-27T10:00:00.000Z",
      createdBefore: "2026-11-27T11:00:00+01:00",
      text: "5m",
    },
  );
  expect(atTime({ failedAfter: "999999w" }, now)).toEqual({ failedAfter: "1970-01-01T00:00:00.000Z" });
});

test("a filter read from a line passes its schema, and is unchanged after being written and read again", () => {
  for (const text of [
    "status:failed,waiting type:hash,sleep createdAfter:2h some text",
    'payload.user:1 payload.user:"1" payload.a.b:x payload."odd name":"two words" "text: with colon"',
    'error:A,"B,C" fingerprint:ab worker:w parent:0199f1c2-8a4e-7c31-9d55-0242ac120002 finishedBefore:1d',
    '"code=500 and more"',
    'payload.q:"say \\"hi\\"" payload.n:null payload.t:007',
    "",
  ]) {
    const { filter, faults } = line(text);
    expect([text, faults]).toEqual([text, []]);
    expect([text, [...Value.Errors(JobFilter, filter)]]).toEqual([text, []]);
    expect(line(writeFilter("jobs", filter))).toEqual({ filter, faults: [] });
  }
});

test("dead letters have their own filter language", () => {
  const read = readFilterText("deadLetters", "reason:out_of_tries,malformed type:hash diedAfter:1h broke", {
    types: TYPES,
  });
  expect(read).toEqual({
    filter: { reason: ["OUT_OF_TRIES", "MALFORMED"], type: ["hash"], diedAfter: "1h", text: "broke" },
    faults: [],
  });
  expect(Value.Check(DeadLetterFilter, read.filter)).toBe(true);
  expect(messages(readFilterText("deadLetters", "payload.a:1 reason:OUT_OF_TRYS"))).toEqual([
    expect.stringContaining('No filter is named "payload.a"'),
    'reason is "OUT_OF_TRYS", and there is no such reason; did you mean OUT_OF_TRIES?',
  ]);
});

test("the key tables and the schemas have the same keys", () => {
  expect(Object.keys(JobFilter.properties).sort()).toEqual(
    [...Object.keys(JOB_FILTER_KEYS), "payload"].sort(),
  );
  expect(Object.keys(DeadLetterFilter.properties).sort()).toEqual(
    Object.keys(DEAD_LETTER_FILTER_KEYS).sort(),
  );
});

test("every key's example can be read", () => {
  for (const [key, { example }] of Object.entries(JOB_FILTER_KEYS))
    expect([key, line(`${key}:${example}`).faults]).toEqual([key, []]);
  for (const [key, { example }] of Object.entries(DEAD_LETTER_FILTER_KEYS))
    expect([key, readFilterText("deadLetters", `${key}:${example}`, { types: TYPES }).faults]).toEqual([
      key,
      [],
    ]);
});

describe("completion", () => {
  const offered = (text: string, caret = text.length) => {
    const { from, to, options } = completeFilter("jobs", text, caret, {
      types: TYPES,
      workers: ["desk-1"],
      fields: ["user", "odd name"],
    });
    return options.map(({ insert }) => text.slice(0, from) + insert + text.slice(to));
  };

  test("offers keys at the start of a term", () => {
    expect(offered("type:hash fin")).toEqual([
      "type:hash fingerprint:",
      "type:hash finishedAfter:",
      "type:hash finishedBefore:",
    ]);
    expect(offered("pay")).toEqual(["payload.user:", 'payload."odd name":']);
    expect(offered("").length).toBeGreaterThan(10);
  });

  test("offers values after a colon, at the end of a list and in the middle of a line", () => {
    expect(offered("status:fa")).toEqual(["status:failed"]);
    expect(offered("status:failed,w")).toEqual(["status:failed,waiting"]);
    expect(offered("type:f text", 6)).toEqual(["type:fail text", "type:fan-out text"]);
    expect(offered("type:fai text", 6)).toEqual(["type:fail text", "type:fan-out text"]);
    expect(offered("worker:")).toEqual(["worker:desk-1"]);
    expect(offered("failedAfter:1")).toEqual(["failedAfter:15m", "failedAfter:1h", "failedAfter:1d"]);
    expect(offered("unheard:")).toEqual([]);
  });
});
