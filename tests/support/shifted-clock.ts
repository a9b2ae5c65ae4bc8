// Preload this file into a service (`BUN_OPTIONS=--preload=…`) to shift the service's clock by `CLOCK_SHIFT_MS`.
const shiftMs = Number(process.env.CLOCK_SHIFT_MS);
const RealDate = Date;

class ShiftedDate extends RealDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RealDate.now() + shiftMs);
    else super(...(given as [number]));
  }
  static override now = () => RealDate.now() + shiftMs;
}
globalThis.Date = ShiftedDate as DateConstructor;
