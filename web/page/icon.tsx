/**
 * Renders a symbol from the sprite in index.html. Screen readers skip it, so it needs a word beside it or a labeled
 * control.
 */
export function Icon({ name }: { name: string }) {
  return (
    <svg class="i" aria-hidden="true">
      <use href={`#${name}`} />
    </svg>
  );
}
