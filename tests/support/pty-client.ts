import {
  PTY_PROTOCOL,
  type PtyClientMessage,
  type PtyServerMessage,
  readPtyFrame,
} from "../../contracts/pty.ts";
import { eventually } from "./wait.ts";

type Told<T extends PtyServerMessage["type"]> = Extract<PtyServerMessage, { type: T }>;

export interface PtyClientOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether output is acknowledged as it arrives; a stalled browser does not. */
  readonly acknowledges?: boolean;
}

/** Opens a terminal as a browser does: speaks the protocol and keeps everything received. */
export async function connectPty({ url, headers = {}, acknowledges = true }: PtyClientOptions) {
  // Headers are Bun's own addition to the browser's WebSocket.
  const socket = new WebSocket(url, { protocols: [PTY_PROTOCOL], headers } as never);
  socket.binaryType = "arraybuffer";
  const messages: PtyServerMessage[] = [];
  const chunks: Uint8Array[] = [];
  const gaps: string[] = [];
  let snapshot: string | undefined;
  let parsed: number | undefined;
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  const opened = Promise.withResolvers<void>();

  socket.onopen = () => opened.resolve();
  socket.onclose = ({ code, reason }) => {
    closed.resolve({ code, reason });
    opened.reject(new Error(`closed with ${code} ${reason}`));
  };
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") {
      messages.push(JSON.parse(data) as PtyServerMessage);
      return;
    }
    const frame = readPtyFrame(new Uint8Array(data));
    if (!frame) throw new Error("a frame that breaks the protocol");
    if (frame.kind === "snapshot") snapshot = Buffer.from(frame.bytes).toString();
    else {
      if (parsed !== undefined && frame.sequence !== parsed) gaps.push(`${parsed} then ${frame.sequence}`);
      chunks.push(frame.bytes);
    }
    parsed = frame.sequence + (frame.kind === "output" ? frame.bytes.length : 0);
    if (acknowledges) client.say({ type: "ack", sequence: parsed });
  };

  const client = {
    messages,
    closed: closed.promise,
    /** Frames that did not begin where the one before ended. */
    gaps,
    bytes: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString(),
    snapshot: () => snapshot,
    parsed: () => parsed ?? 0,
    /** Counts on from here, as a page does that kept its screen. */
    resumeAt(sequence: number) {
      parsed = sequence;
    },
    say: (message: PtyClientMessage) => socket.send(JSON.stringify(message)),
    sendRaw: (frame: string | Uint8Array<ArrayBuffer>) => socket.send(frame),
    type: (text: string) => socket.send(Buffer.from(text)),
    told: <T extends PtyServerMessage["type"]>(type: T) =>
      messages.findLast((message): message is Told<T> => message.type === type),
    /** Resolves to the newest message of a type, once one has arrived. */
    hears: <T extends PtyServerMessage["type"]>(type: T): Promise<Told<T>> =>
      eventually(() => client.told(type), { what: `a message ${type}` }),
    sees: (text: string) =>
      eventually(() => client.text().includes(text) || snapshot?.includes(text), {
        what: `${JSON.stringify(text)} on the screen`,
        timeoutMs: 10_000,
      }),
    /** Breaks the connection as a lost network does: without a close frame. */
    drop: () => socket.terminate(),
    close: () => socket.close(),
  };
  await opened.promise;
  return client;
}
export type PtyClient = Awaited<ReturnType<typeof connectPty>>;
