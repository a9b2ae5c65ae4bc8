/// <reference lib="webworker" />
declare const self: DedicatedWorkerGlobalScope;

export interface HashTask {
  readonly text: string;
  readonly rounds: number;
}
export type HashReply = { readonly fraction: number } | { readonly digest: string };

const ROUNDS_PER_REPORT = 100_000;

// Round 1 hashes the text, and every further round hashes the previous digest.
self.onmessage = ({ data: { text, rounds } }: MessageEvent<HashTask>) => {
  let digest = Bun.SHA256.hash(text) as Uint8Array;
  for (let round = 1; round < rounds; round++) {
    digest = Bun.SHA256.hash(digest) as Uint8Array;
    if (round % ROUNDS_PER_REPORT === 0) self.postMessage({ fraction: round / rounds } satisfies HashReply);
  }
  self.postMessage({ digest: Buffer.from(digest).toString("hex") } satisfies HashReply);
};
