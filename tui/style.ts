/** Colors by meaning. A theme maps each meaning to one of the terminal's sixteen colors. */
export type Color = "accent" | "good" | "busy" | "later" | "warn" | "bad" | "odd";

export interface Style {
  readonly color?: Color;
  readonly bold?: boolean;
  readonly dim?: boolean;
  readonly inverse?: boolean;
}

/** A piece of a line in one style. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}
export type Line = readonly Span[];

export const PLAIN: Style = {};
export const BOLD: Style = { bold: true };
export const DIM: Style = { dim: true };

export const span = (text: string, style: Style = PLAIN): Span => ({ text, style });
export const dim = (text: string): Span => ({ text, style: DIM });
export const bold = (text: string): Span => ({ text, style: BOLD });
export const line = (text: string, style: Style = PLAIN): Line => [{ text, style }];

export const THEME_NAMES = ["default", "color-blind", "mono"] as const;
export type ThemeName = (typeof THEME_NAMES)[number];

/**
 * Each theme's indexes into the terminal's sixteen colors, whose appearance depends on the terminal's light or dark
 * scheme.
 */
export const THEMES: Readonly<Record<ThemeName, Readonly<Partial<Record<Color, number>>>>> = {
  default: { accent: 13, good: 2, busy: 6, later: 12, warn: 3, bad: 9, odd: 5 },
  // Blue and yellow remain distinct under red-green blindness. Glyphs and words tell the other colors apart.
  "color-blind": { accent: 13, good: 12, busy: 6, later: 4, warn: 3, bad: 11, odd: 5 },
  mono: {},
};

export function textOf(spans: Line): string {
  return spans.map(({ text }) => text).join("");
}
