import { isIP } from "node:net";

/**
 * Parses a terminal's command: a path, or a JSON array such as `["bun", "tui/main.ts"]`. Throws if the text begins with
 * `[` but is not such an array.
 */
export function parseCommand(text: string): readonly string[] {
  if (!text.startsWith("[")) return [text];
  const wrong = new Error(
    'PTY_TUI_BINARY begins with "[" but is not a JSON array of strings: expected a path, or an array such as ["bun", "tui/main.ts"]',
  );
  let words: unknown;
  try {
    words = JSON.parse(text);
  } catch {
    throw wrong;
  }
  if (Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === "string" && word))
    return words as string[];
  throw wrong;
}

/** Environment variables passed on to the program; none of them is a token or a setting. */
const PASSED_ON = ["PATH", "HOME", "TMPDIR", "TZ", "XDG_CONFIG_HOME", "XDG_STATE_HOME"];

export function childEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  {
    GATEWAY_URL,
    READ_MODEL_URL,
    readOnly,
  }: { GATEWAY_URL: string; READ_MODEL_URL: string; readOnly: boolean },
): Record<string, string> {
  const passed = PASSED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return {
    ...Object.fromEntries(passed),
    TERM: "xterm-256color",
    COLORTERM: "truecolor",
    LANG: "C.UTF-8",
    GATEWAY_URL,
    READ_MODEL_URL,
    ODD_DASHBOARD_SERVER_MODE: "1",
    ...(readOnly && { ODD_DASHBOARD_READ_ONLY: "1" }),
  };
}

/** Returns whether a listening address is reachable only from this machine. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
}
