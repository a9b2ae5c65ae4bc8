import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { THEME_NAMES } from "./style.ts";

/** The user's settings with their defaults. `:set NAME VALUE` changes one and saves them all. */
export const Settings = Type.Object(
  {
    theme: Type.Union(
      THEME_NAMES.map((name) => Type.Literal(name)),
      { default: "default" },
    ),
    refresh: Type.Integer({ minimum: 500, maximum: 60_000, default: 1_000 }),
    filter: Type.String({ maxLength: 200, default: "" }),
  },
  { additionalProperties: false },
);
export type Settings = Static<typeof Settings>;

export const DEFAULT_SETTINGS: Settings = Value.Create(Settings);

/** Returns the settings file's path (XDG Base Directory Specification). */
export function settingsPath(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const base = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config");
  return join(base, "odd-dashboard", "settings.json");
}

/**
 * Reads the settings file. A missing or invalid file yields the defaults; an invalid file also yields a description of
 * the problem.
 */
export function readSettings(path: string): { settings: Settings; problem?: string } {
  try {
    const found: unknown = { ...DEFAULT_SETTINGS, ...JSON.parse(readFileSync(path, "utf8")) };
    if (Value.Check(Settings, found)) return { settings: found };
    const error = Value.Errors(Settings, found).First();
    return { settings: DEFAULT_SETTINGS, problem: `${path}: ${error?.path.slice(1)}: ${error?.message}` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { settings: DEFAULT_SETTINGS };
    if (error instanceof SyntaxError) return { settings: DEFAULT_SETTINGS, problem: `${path} is not JSON` };
    throw error;
  }
}

export function writeSettings(path: string, settings: Settings) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(settings, null, 2)}\n`);
}

/** Carries out `:set`. Returns the new settings, or a message that explains why the name or value is invalid. */
export function changeSetting(settings: Settings, name: string, text: string): Settings | string {
  if (!Object.hasOwn(Settings.properties, name))
    return `There is no setting ${name || "without a name"}; the settings are ${Object.keys(Settings.properties).join(", ")}`;
  const changed: unknown = { ...settings, [name]: name === "refresh" ? Number(text) : text };
  if (Value.Check(Settings, changed)) return changed;
  if (name === "theme") return `There is no theme ${text}; the themes are ${THEME_NAMES.join(", ")}`;
  return name === "refresh" ? "refresh takes 500 to 60000 milliseconds" : "filter takes up to 200 characters";
}
