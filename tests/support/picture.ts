import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";

/**
 * How far a pixel's color may differ, from 0 to 1, before the pixel counts as different. Anti-aliased pixels never
 * count.
 */
const COLOR_TOLERANCE = 0.1;
export interface Tolerance {
  /** How many pixels may differ. */
  readonly pixels: number;
  /** The folder for the new picture and the difference if the new picture does not match the stored one. */
  readonly folder: string;
}

/** Compares a new picture with the stored one. */
export function expectPicture(kept: string, taken: Buffer, { pixels: most, folder }: Tolerance): void {
  const name = basename(kept, ".png");
  if (process.env.SNAPSHOTS === "write") {
    mkdirSync(dirname(kept), { recursive: true });
    writeFileSync(kept, taken);
    return;
  }
  if (!existsSync(kept))
    throw new Error(`There is no ${kept}: look at the page, then run with SNAPSHOTS=write`);
  const expected = PNG.sync.read(readFileSync(kept));
  const actual = PNG.sync.read(taken);
  const { width, height } = expected;
  mkdirSync(folder, { recursive: true });
  if (actual.width !== width || actual.height !== height) {
    writeFileSync(`${folder}/${name}.taken.png`, taken);
    throw new Error(
      `${name} is ${actual.width} × ${actual.height}, expected ${width} × ${height}: ${folder}/${name}.taken.png`,
    );
  }
  const difference = new PNG({ width, height });
  const pixels = pixelmatch(expected.data, actual.data, difference.data, width, height, {
    threshold: COLOR_TOLERANCE,
  });
  if (pixels <= most) return;
  writeFileSync(`${folder}/${name}.taken.png`, taken);
  writeFileSync(`${folder}/${name}.difference.png`, PNG.sync.write(difference));
  throw new Error(
    `${name} differs in ${pixels} pixels: look at ${folder}/${name}.difference.png; to accept it, run with SNAPSHOTS=write`,
  );
}
