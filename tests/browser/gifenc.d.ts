/** Types for the part of gifenc that the recording uses; the package has none. */
declare module "gifenc" {
  type Palette = number[][];
  interface Frame {
    readonly palette: Palette;
    readonly delay: number;
    readonly repeat: number;
    readonly dispose: number;
    readonly transparent?: boolean;
    readonly transparentIndex?: number;
  }
  export function GIFEncoder(): {
    writeFrame(pixels: Uint8Array, width: number, height: number, frame: Frame): void;
    finish(): void;
    bytes(): Uint8Array;
  };
  export function quantize(rgba: Uint8Array, colors: number): Palette;
  export function applyPalette(rgba: Uint8Array, palette: Palette): Uint8Array;
}
