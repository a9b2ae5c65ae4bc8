import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changeSetting, DEFAULT_SETTINGS, readSettings, settingsPath, writeSettings } from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "observatory-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("settings are stored in the XDG config folder and can be read back", () => {
  const path = settingsPath({ XDG_CONFIG_HOME: folder });
  expect(path).toBe(join(folder, "odd-dashboard/settings.json"));
  expect(settingsPath({ HOME: "/home/ada" })).toBe("/home/ada/.config/odd-dashboard/settings.json");
  expect(readSettings(path)).toEqual({ settings: DEFAULT_SETTINGS });
  const settings = { ...DEFAULT_SETTINGS, theme: "mono" as const };
  writeSettings(path, settings);
  expect(readSettings(path)).toEqual({ settings });
});

test("an invalid settings file yields the defaults and a description of the problem", () => {
  const path = join(folder, "broken.json");
  writeFileSync(path, "{");
  expect(readSettings(path)).toEqual({ settings: DEFAULT_SETTINGS, problem: `${path} is not JSON` });
  writeFileSync(path, '{ "refresh": 5 }');
  expect(readSettings(path).problem).toContain("refresh");
});

test("an invalid setting is refused with the allowed values", () => {
  expect(changeSetting(DEFAULT_SETTINGS, "refresh", "2000")).toMatchObject({ refresh: 2_000 });
  expect(changeSetting(DEFAULT_SETTINGS, "refresh", "fast")).toBe("refresh takes 500 to 60000 milliseconds");
  expect(changeSetting(DEFAULT_SETTINGS, "theme", "pink")).toContain("default, color-blind, mono");
  expect(changeSetting(DEFAULT_SETTINGS, "color", "red")).toContain("There is no setting color");
});
