import { connect } from "node:net";

export interface Wire {
  /** Sends one frame, as text if `payload` is a string. */
  send(payload: string | Uint8Array): void;
  /** Stops reading, like a stalled browser. Data that still arrives stays in the buffers of the operating system. */
  stall(): void;
  close(): void;
  readonly closed: Promise<void>;
}

export interface WireOptions {
  readonly port: number;
  readonly path: string;
  readonly protocol: string;
  readonly onFrame: (payload: Buffer, isText: boolean) => void;
}

const TEXT = 1;
const BINARY = 2;
const PING = 9;

/**
 * Opens a WebSocket (RFC 6455) on a raw socket. Bun's WebSocket client cannot stop reading, and its cost per frame
 * exceeds the times measured here.
 */
export async function openWire({ port, path, protocol, onFrame }: WireOptions): Promise<Wire> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  let isOpen = false;
  let rest: Buffer = Buffer.alloc(0);

  function send(opcode: number, payload: Uint8Array): void {
    const length = payload.length;
    const header = length < 126 ? [length | 0x80] : [0xfe, length >> 8, length & 0xff];
    if (length > 0xffff) throw new Error(`a frame of ${length} bytes exceeds the limit of 65535`);
    // A zero mask leaves the payload as it is, and servers must accept any mask.
    socket.write(Buffer.concat([Buffer.from([0x80 | opcode, ...header, 0, 0, 0, 0]), payload]));
  }

  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
  );
  socket.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (!isOpen) {
      const end = rest.indexOf("\r\n\r\n");
      if (end < 0) return;
      if (!rest.subarray(0, 12).toString().endsWith("101"))
        return void opened.reject(new Error(`refused: ${rest.toString()}`));
      rest = rest.subarray(end + 4);
      isOpen = true;
      opened.resolve();
    }
    for (let frame = readFrame(rest); frame; frame = readFrame(rest)) {
      rest = rest.subarray(frame.size);
      if (frame.opcode === PING) send(10, frame.payload);
      else if (frame.opcode === TEXT || frame.opcode === BINARY)
        onFrame(frame.payload, frame.opcode === TEXT);
    }
  });
  socket.on("error", (error) => opened.reject(error));
  socket.on("close", () => {
    opened.reject(new Error("closed before the handshake was complete"));
    closed.resolve();
  });
  await opened.promise;
  return {
    send: (payload) =>
      typeof payload === "string" ? send(TEXT, Buffer.from(payload)) : send(BINARY, payload),
    stall: () => void socket.pause(),
    close: () => void socket.destroy(),
    closed: closed.promise,
  };
}

/** Returns the first received frame; undefined while it is incomplete. A server's frames are not masked. */
function readFrame(bytes: Buffer): { opcode: number; payload: Buffer; size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1]! & 0x7f;
  const header = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < header) return undefined;
  const length =
    short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  const size = header + length;
  if (bytes.length < size) return undefined;
  return { opcode: bytes[0]! & 0x0f, payload: bytes.subarray(header, size), size };
}
