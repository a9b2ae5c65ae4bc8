import { join } from "node:path";
import { PROJECT } from "./compose.ts";

/** An environment variable of a service, as the service's `--help` describes it. */
export interface Setting {
  readonly required: boolean;
  /** The default value, or undefined if there is none. */
  readonly preset: string | undefined;
}

/** Returns a service's settings by name, read from its `--help`. */
export async function settingsOf(service: string): Promise<Map<string, Setting>> {
  const child = Bun.spawn([process.execPath, join("services", service, "main.ts"), "--help"], {
    cwd: PROJECT,
    env: {},
    stdout: "pipe",
  });
  const lines = (await child.stdout.text()).split("\n");
  if ((await child.exited) !== 0) throw new Error(`${service} --help failed`);
  return new Map(
    lines.flatMap((line) => {
      const [, name = "", note = ""] =
        /^ {2}([A-Z][A-Z0-9_]*) .*?(required|optional|default .*)$/.exec(line) ?? [];
      const preset = note.startsWith("default ")
        ? String(JSON.parse(note.slice("default ".length)))
        : undefined;
      return name ? [[name, { required: note === "required", preset }] as const] : [];
    }),
  );
}
