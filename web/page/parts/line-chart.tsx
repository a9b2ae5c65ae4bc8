import { clock } from "../../../shared/format.ts";

export interface Line {
  readonly name: string;
  readonly style: string;
  readonly points: readonly (number | null | undefined)[];
  readonly fill?: string;
}

interface LineChartProps {
  readonly lines: readonly Line[];
  /** What a screen reader says instead of the picture. */
  readonly label: string;
  readonly from: number;
  readonly to: number;
  readonly unit: (value: number) => string;
}

const WIDTH = 300;
const HEIGHT = 100;

/** Lines over time on one scale from zero; a point that is missing leaves a gap. */
export function LineChart({ lines, label, from, to, unit }: LineChartProps) {
  const most = niceCeiling(Math.max(...lines.flatMap(({ points }) => points.map((value) => value ?? 0)), 1));
  const marks = [most, most / 2, 0];
  const times = [0.05, 0.35, 0.65, 0.95];
  return (
    <div class="chart">
      <div class="y" aria-hidden="true">
        {marks.map((mark, i) => (
          <span style={{ top: `${i * 50}%` }}>{unit(mark)}</span>
        ))}
      </div>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
        {marks.map((_, i) => (
          <line class="grid-line" x1="0" x2={WIDTH} y1={i * 50} y2={i * 50} />
        ))}
        {lines.map(({ style, points, fill }) => {
          const path = pathOf(points, most);
          return (
            <>
              {fill && path && (
                <path class={fill} d={`${path} L${WIDTH} ${HEIGHT} L${firstX(points)} ${HEIGHT}Z`} />
              )}
              <path class={`ln ${style}`} d={path} />
            </>
          );
        })}
      </svg>
      <div class="x" aria-hidden="true">
        {times.map((part) => (
          <span style={{ left: `${part * 100}%` }}>{clock(from + (to - from) * part).slice(0, 5)}</span>
        ))}
      </div>
    </div>
  );
}

const xOf = (index: number, count: number) => (WIDTH * index) / Math.max(1, count - 1);

function firstX(points: Line["points"]): number {
  return xOf(
    Math.max(
      0,
      points.findIndex((value) => value !== null && value !== undefined),
    ),
    points.length,
  );
}

function pathOf(points: Line["points"], most: number): string {
  let isGap = true;
  return points
    .flatMap((value, i) => {
      if (value === null || value === undefined) {
        isGap = true;
        return [];
      }
      const step = `${isGap ? "M" : "L"}${xOf(i, points.length).toFixed(1)} ${(HEIGHT - (HEIGHT * value) / most).toFixed(1)}`;
      isGap = false;
      return [step];
    })
    .join(" ");
}

/** The next of 1, 2, 4, 6, 8 or 10 times a power of ten, so that half of it is a readable number too. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 6, 8, 10].find((step) => step * power >= value) ?? 10);
}
