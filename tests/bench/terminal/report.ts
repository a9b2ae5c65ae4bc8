import { quantile } from "../completion.ts";
import type { Round } from "./measures.ts";

/** The results of one server. */
export interface Result {
  megabytesPerSession: number;
  rounds: Round[];
}

interface Row {
  readonly label: string;
  readonly digits: number;
  readonly of: (rounds: readonly Round[], result: Result) => number;
}

const median = (values: readonly number[]) => quantile([...values].sort(ascending), 0.5);
const ascending = (a: number, b: number) => a - b;
const echo = (which: "echo1" | "echo20", q: number) => (rounds: readonly Round[]) =>
  quantile(rounds.flatMap((round) => round[which]).sort(ascending), q);

/**
 * Throughput and CPU are medians of the rounds, latencies are quantiles over the key presses of all rounds, and the
 * memory of a session is measured once. The last two rows check limits that web-pty guarantees in every round, so one
 * shows the worst round and the other the sum of all rounds.
 */
const ROWS: readonly Row[] = [
  { label: "stream, MB/s", digits: 1, of: (all) => median(all.map((round) => round.megabytesPerSecond)) },
  {
    label: "server CPU, ms/MB",
    digits: 2,
    of: (all) => median(all.map((round) => round.cpuMsPerMegabyte)),
  },
  { label: "echo, 1 terminal, p50 ms", digits: 3, of: echo("echo1", 0.5) },
  { label: "echo, 1 terminal, p99 ms", digits: 3, of: echo("echo1", 0.99) },
  { label: "echo, 20 terminals, p50 ms", digits: 3, of: echo("echo20", 0.5) },
  { label: "echo, 20 terminals, p99 ms", digits: 3, of: echo("echo20", 0.99) },
  {
    label: "memory of a session on a fresh server, MB",
    digits: 2,
    of: (_, { megabytesPerSession }) => megabytesPerSession,
  },
  {
    label: "memory that a stalled browser adds, worst, MB",
    digits: 1,
    of: (all) => Math.max(...all.map((round) => round.stalledGrowthMegabytes)),
  },
  {
    label: "bytes lost when the command exits, all rounds",
    digits: 0,
    of: (all) => all.reduce((sum, { bytesLost }) => sum + bytesLost, 0),
  },
];

/** Formats one line per measurement: web-pty's figure, ttyd's, and their ratio. */
export function formatTerminalReport(results: ReadonlyMap<string, Result>, peer: string): string {
  const ours = results.get("web-pty");
  const theirs = results.get("ttyd");
  if (!ours) throw new Error("web-pty was not measured");
  const lines = ROWS.map(({ label, digits, of }) => {
    const own = of(ours.rounds, ours);
    const cells = [label.padEnd(50), own.toFixed(digits).padStart(10)];
    if (!theirs) return cells.join("");
    const other = of(theirs.rounds, theirs);
    const ratio = other > 0 ? `${(own / other).toFixed(2)}×` : "";
    return [...cells, other.toFixed(digits).padStart(12), ratio.padStart(10)].join("").trimEnd();
  });
  const heads = ["web-pty".padStart(60), ...(theirs ? [peer.padStart(12), "ours/theirs".padStart(13)] : [])];
  return [heads.join(""), ...lines, ...(theirs ? [] : ["", peer])].join("\n");
}
