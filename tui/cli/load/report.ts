import { count, duration } from "../../../shared/format.ts";
import type { Latency, LedgerCheck, LoadReport } from "../outputs.ts";
import type { Style } from "../style.ts";
import { facts } from "../table.ts";
import type { Histogram } from "./histogram.ts";

export function latencyOf(histogram: Histogram): Latency {
  const at = (share: number) => {
    const ms = histogram.quantile(share);
    return ms === undefined ? null : Math.round(ms * 10) / 10;
  };
  return { count: histogram.count, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/** Whether every job was accepted and completed and the ledger confirms it. */
export function isGood({ sent, accepted, ended, ledger }: LoadReport): boolean {
  return (
    accepted === sent &&
    ended.COMPLETED === accepted &&
    ledger?.balanced === true &&
    ledger.accused.length === 0
  );
}

const BAR_WIDTH = 40;

export function histogramText(histogram: Histogram, { paint }: Style): string {
  const rows = histogram.rows();
  const most = Math.max(...rows.map((row) => row.count));
  return rows
    .map(({ upToMs, count: jobs }) => {
      const label = Number.isFinite(upToMs) ? `≤ ${duration(upToMs)}` : "longer";
      const bar = "▇".repeat(Math.ceil((jobs / most) * BAR_WIDTH));
      return `${label.padStart(10)}  ${paint.green(bar.padEnd(BAR_WIDTH))} ${count(jobs).padStart(8)}`;
    })
    .join("\n");
}

export function reportText(report: LoadReport, style: Style): string {
  const { paint } = style;
  const { ledger, refused, ended, open } = report;
  const latency = ({ count: measured, p50, p95, p99, max }: Latency) =>
    measured === 0
      ? "none measured"
      : `p50 ${duration(p50)}   p95 ${duration(p95)}   p99 ${duration(p99)}   max ${duration(max)}`;
  const counted = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, times]) => `${count(times)} ${name}`)
      .join(", ");
  return facts(
    [
      [
        "sent",
        `${count(report.sent)} at ${report.sentPerSecond.toFixed(1)}/s, requested ${report.ratePerSecond}/s`,
      ],
      ["accepted", count(report.accepted)],
      ["refused", Object.keys(refused).length > 0 ? paint.red(counted(refused)) : "none"],
      ["ended", counted(ended).toLowerCase() || "none"],
      ["not ended", open > 0 ? paint.red(count(open)) : undefined],
      ["202 after", latency(report.accept)],
      ["ended after", latency(report.total)],
      [
        "ledger",
        ledger ? ledgerLine(ledger, report.accepted, style) : paint.yellow("not checked: interrupted"),
      ],
    ],
    style,
  );
}

function ledgerLine(
  { balanced, accused, lost, unobserved, duplicated }: LedgerCheck,
  accepted: number,
  { paint }: Style,
): string {
  if (balanced && accused.length === 0)
    return paint.green(`✓ all ${count(accepted)} accepted jobs ended exactly once`);
  const counts = `${lost} lost, ${unobserved} unobserved, ${duplicated} duplicated`;
  return paint.red(`✕ ${counts}; jobs of this load among them: ${accused.slice(0, 5).join(", ") || "none"}`);
}
