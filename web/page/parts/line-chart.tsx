import { clock } from "../../../shared/format.ts";

export interface Line {
  readonly name: string;
  readonly style: string;
  /** Values at equal time steps, newest last. */
  readonly points: readonly (number | null | undefined)[];
  readonly fill?: string;
  /** Whether the line's name is shown at its end. */
  readonly tagged?: true;
}

interface LineChartProps {
  readonly lines: readonly Line[];
  /** The text that a screen reader reads instead of the chart. */
  readonly label: string;
  readonly from: number;
  readonly to: number;
  readonly tickMinutes: number;
  readonly unit: (value: number) => string;
  readonly scale?: "linear" | "log";
  readonly small?: true;
}

const WIDTH = 300;
const HEIGHT = 100;
const MINUTE_MS = 60_000;
const MAX_ROWS = 30;

/**
 * Draws lines over time on one scale. Missing points stay gaps. A table of the points can be opened below the chart.
 */
export function LineChart(props: LineChartProps) {
  const { lines, label, from, to, tickMinutes, unit, scale = "linear", small } = props;
  const { marks, yOf } = scale === "log" ? logScale(lines) : linearScale(lines);
  const step = tickMinutes * MINUTE_MS;
  const ticks = Array.from(
    { length: Math.max(0, Math.floor(to / step) - Math.ceil(from / step) + 1) },
    (_, index) => (Math.ceil(from / step) + index) * step,
  ).filter((tick) => (tick - from) / (to - from) < 0.97);
  return (
    <>
      <div class={small ? "chart small" : "chart"}>
        <div class="y" aria-hidden="true">
          {marks.map((mark) => (
            <span style={{ top: `${yOf(mark)}%` }} key={mark}>
              {unit(mark)}
            </span>
          ))}
        </div>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
          {marks.map((mark) => (
            <line class="grid-line" x1="0" x2={WIDTH} y1={yOf(mark)} y2={yOf(mark)} key={mark} />
          ))}
          {lines.map(({ name, style, points, fill }) => (
            <g key={name}>
              {fill && <path class={fill} d={areaOf(points, yOf)} />}
              <path class={`ln ${style}`} d={pathOf(points, yOf)} />
            </g>
          ))}
        </svg>
        {small && (
          <div class="tags" aria-hidden="true">
            {tagsOf(lines, yOf).map(({ name, at }) => (
              <span style={{ top: `${at}%` }} key={name}>
                {name}
              </span>
            ))}
          </div>
        )}
        <div class="x" aria-hidden="true">
          {ticks.map((tick, index) => (
            <span
              class={index % 2 === 1 ? "hide-phone" : undefined}
              style={{ left: `${(100 * (tick - from)) / (to - from)}%` }}
              key={tick}
            >
              {clock(tick).slice(0, 5)}
            </span>
          ))}
        </div>
      </div>
      <PointTable {...props} />
    </>
  );
}

interface Scale {
  readonly marks: readonly number[];
  /** Returns a value's position in percent from the top. */
  readonly yOf: (value: number) => number;
}

function linearScale(lines: readonly Line[]): Scale {
  const most = niceCeiling(Math.max(...lines.flatMap(({ points }) => points.map((value) => value ?? 0)), 1));
  return { marks: [most, most / 2, 0], yOf: (value) => HEIGHT - (HEIGHT * value) / most };
}

/** Returns a scale marked in powers of ten around the measured values, spanning at least two decades. */
function logScale(lines: readonly Line[]): Scale {
  const known = lines.flatMap(({ points }) =>
    points.filter((value) => typeof value === "number" && value > 0),
  );
  const low = Math.floor(Math.log10(Math.max(0.1, Math.min(...(known as number[]), 1))));
  const high = Math.max(low + 2, Math.ceil(Math.log10(Math.max(...(known as number[]), 1))));
  return {
    marks: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (high - index)),
    yOf: (value) => (HEIGHT * (high - Math.max(low, Math.log10(Math.max(value, 1e-9))))) / (high - low),
  };
}

const xOf = (index: number, count: number) => (WIDTH * index) / Math.max(1, count - 1);

function pathOf(points: Line["points"], yOf: Scale["yOf"]): string {
  let isGap = true;
  const isKnown = (value: Line["points"][number]) => value !== null && value !== undefined;
  return points
    .flatMap((value, i) => {
      if (value === null || value === undefined) {
        isGap = true;
        return [];
      }
      // A point between two gaps would be a line of length zero, so it becomes a short dash.
      if (isGap && !isKnown(points[i + 1]))
        return [`M${(xOf(i, points.length) - 1).toFixed(1)} ${yOf(value).toFixed(1)} h2`];
      const step = `${isGap ? "M" : "L"}${xOf(i, points.length).toFixed(1)} ${yOf(value).toFixed(1)}`;
      isGap = false;
      return [step];
    })
    .join(" ");
}

/** Returns the area under a line, closed at each gap. */
function areaOf(points: Line["points"], yOf: Scale["yOf"]): string {
  return pathOf(points, yOf)
    .split("M")
    .filter(Boolean)
    .map((run) => {
      const places = run.trim().split(/\s*L/);
      const x = (place: string | undefined) => place?.split(" ")[0] ?? "0";
      return `M${places.join(" L")} L${x(places.at(-1))} ${HEIGHT} L${x(places[0])} ${HEIGHT}Z`;
    })
    .join(" ");
}

const TAG_GAP = 13;

/** Places names at the ends of their lines, spaced so that they do not overlap. */
function tagsOf(lines: readonly Line[], yOf: Scale["yOf"]): { name: string; at: number }[] {
  const ends = lines
    .filter(({ tagged }) => tagged)
    .flatMap(({ name, points }) => {
      const last = points.findLast((value) => typeof value === "number");
      return typeof last === "number" ? [{ name, at: yOf(last) }] : [];
    })
    .sort((a, b) => a.at - b.at);
  let free = 0;
  return ends.map(({ name, at }) => {
    const place = Math.max(at, free);
    free = place + TAG_GAP;
    return { name, at: place };
  });
}

function PointTable({ lines, from, to, unit }: LineChartProps) {
  const count = Math.max(...lines.map(({ points }) => points.length), 0);
  const every = Math.max(1, Math.ceil(count / MAX_ROWS));
  const rows = Array.from({ length: Math.ceil(count / every) }, (_, row) => row * every);
  return (
    <details class="points">
      <summary>Points as a table</summary>
      <table class="grid-table">
        <thead>
          <tr>
            <th>Time</th>
            {lines.map(({ name }) => (
              <th class="num" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((index) => (
            <tr key={index}>
              <td class="num">{clock(from + ((to - from) * index) / Math.max(1, count - 1))}</td>
              {lines.map(({ name, points }) => {
                const value = points[index];
                return (
                  <td class="num" key={name}>
                    {typeof value === "number" ? unit(value) : "–"}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** Rounds up to 1, 2, 4, 6, 8 or 10 times a power of ten, so that half of the result is a readable number too. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 6, 8, 10].find((step) => step * power >= value) ?? 10);
}
