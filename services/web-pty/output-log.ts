export interface OutputLog {
  /** Offset of the oldest byte still held. */
  readonly start: number;
  /** Offset after the newest byte: the total number of bytes appended. */
  readonly end: number;
  append(bytes: Uint8Array): void;
  /** Returns at most `maxBytes` from `offset`, which must lie between `start` and `end`. Empty at `end`. */
  read(offset: number, maxBytes: number): Uint8Array;
}

/**
 * Holds a terminal's newest output, addressed by byte offset. It drops the oldest chunks beyond `maxBytes` or
 * `maxChunks`. One log serves any number of viewers, because each needs only an offset.
 */
export function createOutputLog({ maxBytes, maxChunks }: { maxBytes: number; maxChunks: number }): OutputLog {
  let chunks: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  // Chunks before index `first` have been dropped. They are removed from the array once there are at least 1,024 of
  // them and they make up half of it.
  let first = 0;
  let start = 0;
  let end = 0;

  function dropOldest(): void {
    const oldest = chunks[first];
    if (!oldest) return;
    start = oldest.offset + oldest.bytes.length;
    first++;
    if (first < 1_024 || first * 2 < chunks.length) return;
    chunks = chunks.slice(first);
    first = 0;
  }

  /** Returns the index of the chunk that holds `offset`. */
  function find(offset: number): number {
    let low = first;
    let high = chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (chunks[middle]!.offset <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  return {
    get start() {
      return start;
    },
    get end() {
      return end;
    },
    append(bytes) {
      if (bytes.length === 0) return;
      chunks.push({ offset: end, bytes });
      end += bytes.length;
      while (end - start > maxBytes || chunks.length - first > maxChunks) dropOldest();
    },
    read(offset, maxBytes) {
      if (offset < start || offset > end)
        throw new RangeError(`Offset ${offset} is outside ${start} to ${end}`);
      if (offset === end) return new Uint8Array();
      const parts: Uint8Array[] = [];
      let size = 0;
      for (let i = find(offset); i < chunks.length && size < maxBytes; i++) {
        const { offset: at, bytes } = chunks[i]!;
        const part = bytes.subarray(Math.max(0, offset - at), Math.max(0, offset - at) + maxBytes - size);
        parts.push(part);
        size += part.length;
      }
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    },
  };
}
