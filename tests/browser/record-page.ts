import { applyPalette, GIFEncoder, quantize } from "gifenc";
import type { Page } from "playwright";
import { PNG } from "pngjs";

/** Each frame reserves one palette entry for unchanged pixels, which keeps recordings of a still page small. */
const COLORS = 255;
const SAME = 255;

/** Collects screenshots of a page into a looping animated GIF. */
export function createFilm() {
  const film = GIFEncoder();
  let last: Uint8Array | undefined;
  return {
    /** Adds a screenshot of the page as a frame. */
    async take(page: Page, delayMs: number): Promise<void> {
      const { data, width, height } = PNG.sync.read(await page.screenshot({ animations: "disabled" }));
      const palette = quantize(data, COLORS);
      const pixels = applyPalette(data, palette);
      const before = last;
      if (before)
        for (let pixel = 0; pixel < pixels.length; pixel++)
          if (isSame(before, data, 4 * pixel)) pixels[pixel] = SAME;
      while (palette.length <= SAME) palette.push([0, 0, 0]);
      film.writeFrame(pixels, width, height, {
        palette,
        delay: delayMs,
        repeat: 0,
        // Each frame is drawn over the previous one.
        dispose: 1,
        ...(before && { transparent: true, transparentIndex: SAME }),
      });
      last = Uint8Array.from(data);
    },
    bytes(): Uint8Array {
      film.finish();
      return film.bytes();
    },
  };
}

const isSame = (a: Uint8Array, b: Uint8Array, at: number) =>
  a[at] === b[at] && a[at + 1] === b[at + 1] && a[at + 2] === b[at + 2];
