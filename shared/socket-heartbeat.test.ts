import { expect, test } from "bun:test";
import { startHeartbeat } from "./socket-heartbeat.ts";

test("a peer that stops answering pings is reported as silent, once", async () => {
  const silent = Promise.withResolvers<void>();
  let pings = 0;
  let silences = 0;
  const heartbeat = startHeartbeat({
    everyMs: 1,
    ping() {
      pings++;
      if (pings <= 5) heartbeat.heard();
    },
    onSilence() {
      silences++;
      silent.resolve();
    },
  });
  await silent.promise;
  expect([pings, silences]).toEqual([6, 1]);
});

test("any message counts as an answer, even without a ping", async () => {
  const seen: string[] = [];
  const talkative = startHeartbeat({
    everyMs: 10,
    ping: () => seen.push("ping"),
    onSilence: () => seen.push("silence"),
  });
  const beats = Promise.withResolvers<void>();
  // Many messages arrive per interval. If the machine stalls, both timers are late by about the same time.
  let left = 100;
  const talk = setInterval(() => {
    talkative.heard();
    if (--left > 0) return;
    clearInterval(talk);
    talkative.stop();
    beats.resolve();
  });
  await beats.promise;
  expect(seen).not.toContain("silence");
});
