/** A symbol of the sprite in index.html. It says nothing by itself: a word stands beside it, or its control has a label. */
export function Icon({ name }: { name: string }) {
  return (
    <svg class="i" aria-hidden="true">
      <use href={`#${name}`} />
    </svg>
  );
}
