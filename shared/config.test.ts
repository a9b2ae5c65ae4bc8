import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { BASE_CONFIG, ConfigError, readConfig, Url } from "./config.ts";

const Schema = Type.Object({
  ...BASE_CONFIG,
  PORT: Type.Integer({ default: 3000, minimum: 1, maximum: 65_535 }),
  BUS_URL: Url(["amqp", "amqps"]),
  READ_ONLY: Type.Boolean({ default: false }),
});

describe("configuration", () => {
  test("defaults replace missing and empty variables, and the result is frozen", () => {
    const config = readConfig(Schema, { BUS_URL: "amqp://localhost", PORT: "" });
    expect(config).toMatchObject({
      PORT: 3000,
      READ_ONLY: false,
      BIND_ADDRESS: "127.0.0.1",
      LOG_LEVEL: "info",
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test("text becomes numbers and booleans", () => {
    const config = readConfig(Schema, { BUS_URL: "amqps://h", PORT: "8080", READ_ONLY: "1" });
    expect(config.PORT).toBe(8080);
    expect(config.READ_ONLY).toBe(true);
  });

  test("one error names all faulty variables and the expected values, but shows no secret", () => {
    const read = () =>
      readConfig(Schema, {
        PORT: "99999",
        READ_ONLY: "maybe",
        BUS_URL: "http://user:hunter2@host",
        LOG_LEVEL: "loud",
      });
    expect(read).toThrow(ConfigError);
    try {
      read();
    } catch (error) {
      const message = (error as Error).message;
      for (const part of [
        "PORT",
        "99999",
        "at most 65535",
        "READ_ONLY",
        "true or false",
        "BUS_URL",
        "amqp://",
        "LOG_LEVEL",
        "one of debug",
      ])
        expect(message).toContain(part);
      expect(message).not.toContain("hunter2");
    }
  });

  test("a missing variable without a default is an error", () => {
    expect(() => readConfig(Schema, {})).toThrow("BUS_URL is missing");
  });
});
