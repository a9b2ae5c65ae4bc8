import { zstdDecompressSync } from "node:zlib";
import type { Bus } from "./port.ts";

/** Shorter bodies, such as a single job's message, are not compressed: it would save little, and they stay readable. */
const MIN_BYTES = 1_024;
/** Maximum decompressed size, far above the largest message that a service publishes. */
const MAX_BYTES = 64 * 1024 * 1024;
/** The first bytes of a Zstandard frame (RFC 8878, section 3.1.1). No JSON text begins with them. */
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

/**
 * Wraps a bus to compress messages in transit, which reduces the engine's write-ahead log to a third of its size.
 * Compressed messages are recognized by their first bytes, so uncompressed ones are still accepted. Dead letters are
 * not compressed, because people read them in the engine's tools.
 */
export function compressed(bus: Bus): Bus {
  return {
    ...bus,
    publish: (route, body) =>
      bus.publish(route, route === "jobs.failed.validation" ? body : compressBody(body)),
    consume: (queue, options, handler) =>
      bus.consume(queue, options, (batch, signal) =>
        handler(
          batch.map((delivery) => ({ ...delivery, body: readableBody(delivery.body) })),
          signal,
        ),
      ),
  };
}

/** Compresses a body for transit, unless it is short or already compressed. */
export function compressBody(body: Uint8Array): Uint8Array {
  if (body.length < MIN_BYTES || isCompressed(body)) return body;
  return Bun.zstdCompressSync(Buffer.from(body.buffer, body.byteOffset, body.byteLength), { level: 1 });
}

/** Decompresses a published body. Returns it unchanged if it is not a complete frame that declares an allowed size. */
export function readableBody(body: Uint8Array): Uint8Array {
  if (!isCompressed(body)) return body;
  const size = contentSize(body);
  if (size === undefined || size > MAX_BYTES) return body;
  try {
    // A truncated frame yields less than its declared size, and further frames may follow the first.
    const read = zstdDecompressSync(body, { maxOutputLength: size });
    return read.length === size ? read : body;
  } catch {
    // The frame is corrupt. The consumer will refuse the body as malformed and keep its bytes in a dead letter.
    return body;
  }
}

const isCompressed = (body: Uint8Array) => MAGIC.every((byte, i) => body[i] === byte);

/** Reads the size declared in a frame's header (RFC 8878, section 3.1.1.1); undefined if there is none. */
function contentSize(frame: Uint8Array): number | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 18) return undefined;
  const descriptor = view.getUint8(4);
  const isSingle = (descriptor & 0x20) !== 0;
  const at = 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  switch (descriptor >> 6) {
    case 0:
      return isSingle ? view.getUint8(at) : undefined;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}
