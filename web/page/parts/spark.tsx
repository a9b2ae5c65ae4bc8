const WIDTH = 69;
const HEIGHT = 18;

/** Draws a small line without axes beside the current number. The line needs at least two points. */
export function Spark({ points }: { points: readonly (number | null)[] }) {
  const known = points.flatMap((value, index) => (value === null ? [] : [{ value, index }]));
  if (known.length < 2) return <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" />;
  const most = Math.max(...known.map(({ value }) => value));
  const least = Math.min(...known.map(({ value }) => value));
  const y = (value: number) => HEIGHT - 2 - ((HEIGHT - 4) * (value - least)) / (most - least || 1);
  const path = known
    .map(
      ({ value, index }, place) =>
        `${place === 0 ? "M" : "L"}${((WIDTH * index) / (points.length - 1)).toFixed(1)} ${y(value).toFixed(1)}`,
    )
    .join(" ");
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
