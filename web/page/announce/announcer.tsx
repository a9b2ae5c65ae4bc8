import { useEffect, useRef, useState } from "preact/hooks";
import { client } from "../client.ts";
import { useLive } from "../live.ts";
import { useQuery } from "../query.ts";
import { type Heard, sentencesOf } from "./changes.ts";

const EVERY_MS = 10_000;

/**
 * Announces critical alerts to screen readers immediately, and combines other important changes into at most one
 * announcement every ten seconds. The outcomes of actions are not announced here, because their toasts are announced.
 */
export function Announcer() {
  const { state } = useLive();
  const alerts = useQuery("alerts", (signal) => client.readModel.alerts({}, { signal }), {
    everyMs: EVERY_MS,
  });
  const ledger = useQuery("ledger", (signal) => client.readModel.ledger({}, { signal }), {
    everyMs: EVERY_MS,
  });
  const now: Heard = {
    feed: state,
    firing: alerts.data?.items.filter((alert) => alert.state === "firing"),
    balanced: ledger.data?.balanced,
  };
  const before = useRef(now);
  const pending = useRef<string[]>([]);
  const spokenAt = useRef(Number.NEGATIVE_INFINITY);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [polite, setPolite] = useState("");
  const [urgent, setUrgent] = useState("");
  const speak = () => {
    timer.current = undefined;
    spokenAt.current = performance.now();
    setPolite(pending.current.splice(0).join(". "));
  };
  useEffect(() => {
    const said = sentencesOf(before.current, now);
    before.current = now;
    const alarms = said.filter(({ isUrgent }) => isUrgent);
    if (alarms.length > 0) setUrgent(alarms.map(({ text }) => text).join(". "));
    pending.current.push(...said.filter(({ isUrgent }) => !isUrgent).map(({ text }) => text));
    if (pending.current.length > 0)
      timer.current ??= setTimeout(speak, Math.max(0, spokenAt.current + EVERY_MS - performance.now()));
  }, [state, alerts.data, ledger.data]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <>
      <div class="sr" aria-live="polite" aria-atomic="true">
        {polite}
      </div>
      <div class="sr" aria-live="assertive" aria-atomic="true">
        {urgent}
      </div>
    </>
  );
}
