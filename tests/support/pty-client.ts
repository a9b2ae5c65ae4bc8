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
  /** Whether the client acknowledges output as it arrives, unlike a stalled browser. */
  readonly acknowledges?: boolean;
}

/** Opens a terminal with the protocol that browsers use, and keeps everything it receives. */
export async function connectPty({ url, headers = {}, acknowledges = true }: PtyClientOptions) {
  // The standard WebSocket has no headers option; Bun adds it.
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
    if (!frame) throw new Error("received a frame that breaks the protocol");
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
    /** Frames that did not begin where the previous frame ended. */
    gaps,
    bytes: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString(),
    snapshot: () => snapshot,
    parsed: () => parsed ?? 0,
    /** Expects the next frame to begin at this sequence, as a page does that has kept its screen and reconnects. */
    resumeAt(sequence: number) {
      parsed = sequence;
    },
    say: (message: PtyClientMessage) => socket.send(JSON.stringify(message)),
    sendRaw: (frame: string | Uint8Array<ArrayBuffer>) => socket.send(frame),
    type: (text: string) => socket.send(Buffer.from(text)),
    told: <T extends PtyServerMessage["type"]>(type: T) =>
      messages.findLast((message): message is Told<T> => message.type === type),
    /** Resolves to the newest message of a type; waits until one has arrived. */
    hears: <T extends PtyServerMessage["type"]>(type: T): Promise<Told<T>> =>
      eventually(() => client.told(type), { what: `a message of type ${type}` }),
    sees: (text: string) =>
      eventually(() => client.text().includes(text) || snapshot?.includes(text), {
        what: `${JSON.stringify(text)} on the screen`,
        timeoutMs: 10_000,
      }),
    /** Breaks the connection without a close frame, like a lost network. */
    drop: () => socket.terminate(),
    close: () => socket.close(),
  };
  await opened.promise;
  return client;
}
export type PtyClient = Awaited<ReturnType<typeof connectPty>>;
