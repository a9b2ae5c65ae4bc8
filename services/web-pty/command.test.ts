import { expect, test } from "bun:test";
import { childEnvironment, isLoopback, parseCommand } from "./command.ts";

test("a command is a path or an array of words", () => {
  expect(parseCommand("/opt/my tools/odd-dashboard")).toEqual(["/opt/my tools/odd-dashboard"]);
  expect(parseCommand('["bun","tui/main.ts"]')).toEqual(["bun", "tui/main.ts"]);
  for (const text of ["[", "[]", "[1]", '["a", ""]', '{"a":1}'.replace("{", "[")])
    expect(() => parseCommand(text)).toThrow("PTY_TUI_BINARY");
});

test("the program's environment holds the variables it needs and no secrets", () => {
  const env = { PATH: "/bin", HOME: "/root", PTY_AUTH_TOKEN: "secret", DATABASE_URL: "postgres://a:b@c/d" };
  const urls = { GATEWAY_URL: "http://g", READ_MODEL_URL: "http://r" };
  const child = childEnvironment(env, { ...urls, readOnly: true });
  expect(child).toMatchObject({
    PATH: "/bin",
    TERM: "xterm-256color",
    ODD_DASHBOARD_READ_ONLY: "1",
    ...urls,
  });
  expect(JSON.stringify(child)).not.toMatch(/secret|postgres/);
  expect(childEnvironment(env, { ...urls, readOnly: false })).not.toHaveProperty("ODD_DASHBOARD_READ_ONLY");
});

test("only localhost and loopback addresses count as loopback", () => {
  expect(["127.0.0.1", "127.9.9.9", "::1", "localhost"].filter(isLoopback)).toHaveLength(4);
  expect(["0.0.0.0", "::", "10.0.0.1", "127.evil.example"].filter(isLoopback)).toHaveLength(0);
});
