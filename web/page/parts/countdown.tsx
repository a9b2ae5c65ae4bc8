import { timeLeft } from "../time-left.ts";
import { useNow } from "../use-now.ts";

/** Shows the time left until `until`. The width stays constant. */
export function Countdown({ until, before = "" }: { until: string; before?: string }) {
  const now = useNow();
  return (
    <time class="countdown" dateTime={until} title={until}>
      {before}
      {timeLeft(Date.parse(until) - now)}
    </time>
  );
}
