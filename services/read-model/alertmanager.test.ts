import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { Alert } from "../../contracts/alert.ts";
import { toAlert } from "./alertmanager.ts";

const now = new Date("2026-01-02T12:00:00Z");
const given = {
  fingerprint: "ab12",
  labels: { alertname: "ServiceDown", severity: "critical", service: "gateway" },
  annotations: { summary: "gateway is down", runbook_url: "http://docs.example/down" },
  startsAt: "2026-01-02T11:00:00Z",
  endsAt: "2026-01-02T12:04:00Z",
  generatorURL: "http://prometheus.example/graph",
  status: { state: "active" },
};

test("an active alert is shown as firing, without an end time", () => {
  const alert = toAlert(given, now);
  expect(alert).toEqual({
    id: "ab12",
    name: "ServiceDown",
    severity: "critical",
    state: "firing",
    summary: "gateway is down",
    startsAt: given.startsAt,
    labels: given.labels,
    runbookUrl: "http://docs.example/down",
    generatorUrl: given.generatorURL,
  });
  expect(Value.Check(Alert, alert)).toBe(true);
});

test("a suppressed alert is shown as silenced, an unprocessed one as firing, and an expired one as resolved", () => {
  const stateOf = (state: string, endsAt = given.endsAt) =>
    toAlert({ ...given, endsAt, status: { state } }, now).state;
  expect(stateOf("suppressed")).toBe("silenced");
  expect(stateOf("unprocessed")).toBe("firing");
  expect(stateOf("active", "2026-01-02T11:59:00Z")).toBe("resolved");
});

test("an alert without the usual labels still has a name, a severity and a summary", () => {
  const alert = toAlert({ ...given, labels: { severity: "page" }, annotations: {} }, now);
  expect(alert).toMatchObject({ name: "unnamed", severity: "warning", summary: "" });
  expect(Value.Check(Alert, alert)).toBe(true);
});
