import { expect, test } from "bun:test";
import { recordingToSvg } from "./recording-to-svg.ts";
import { createVirtualScreen } from "./virtual-screen.ts";

/** Renders texts on a terminal of three rows, one frame each. */
async function framesOf(texts: readonly string[]) {
  return Promise.all(
    texts.map(async (text) => {
      const screen = createVirtualScreen(20, 3);
      screen.write(Buffer.from(text.replaceAll("\n", "\r\n")));
      return { cells: await screen.cells(), holdMs: 500 };
    }),
  );
}

test("a row that stays the same over several frames is drawn once and shown only during them", async () => {
  const svg = recordingToSvg(
    await framesOf(["title\none", "title\none", "title\ntwo", "title\n\nend"]),
    "demo",
  );
  const timesOf = (text: string) => {
    const group = svg.split("<g>").find((part) => part.includes(`>${text}</text>`));
    return /values="([^"]*)" keyTimes="([^"]*)"/.exec(group ?? "")?.slice(1);
  };
  expect(svg.match(/>title</g)).toHaveLength(1);
  expect(svg.indexOf(">title<")).toBeLessThan(svg.indexOf("<animate"));
  expect(timesOf("one")).toEqual(["visible;hidden", "0;0.5"]);
  expect(timesOf("two")).toEqual(["hidden;visible;hidden", "0;0.5;0.75"]);
  expect(timesOf("end")).toEqual(["hidden;visible", "0;0.75"]);
  expect(svg).toContain('dur="2000ms"');
});
