import { expect, test } from "bun:test";
import { AppError } from "./errors.ts";
import { isRefusedValue, isUnavailable, translateStoreError } from "./postgres.ts";

const failed = (code: string) => Object.assign(new Error(`SQLSTATE ${code}`), { code });

test("only data, integrity and program-limit errors count as refusals of the value", () => {
  for (const code of ["22P05", "22001", "22021", "23505", "23514", "54000", "54001"])
    expect([code, isRefusedValue(failed(code)), isUnavailable(failed(code))]).toEqual([code, true, false]);
  for (const code of [
    "57014",
    "25006",
    "42P01",
    "42501",
    "53100",
    "53300",
    "55P03",
    "40P01",
    "P0001",
    "XX000",
  ])
    expect([code, isRefusedValue(failed(code))]).toEqual([code, false]);
  for (const other of [
    failed("ECONNREFUSED"),
    failed("CONNECTION_CLOSED"),
    new Error("unknown"),
    "22001",
    null,
  ])
    expect(isRefusedValue(other)).toBe(false);
});

test("a wrapped error is classified by its cause", () => {
  const wrapped = (code: string) =>
    new AppError("STORE_UNAVAILABLE", "Could not record", { cause: failed(code) });
  expect(isRefusedValue(wrapped("22P05"))).toBe(true);
  expect(isRefusedValue(wrapped("57014"))).toBe(false);
  expect(isUnavailable(wrapped("08006"))).toBe(true);
  expect(isRefusedValue(new AppError("STORE_UNAVAILABLE", "No answer"))).toBe(false);
});

test("a temporary failure becomes a 503, a refused value becomes a 422, and any other error is unchanged", () => {
  const translated = (error: unknown) => {
    try {
      translateStoreError(error);
    } catch (thrown) {
      return thrown;
    }
  };
  for (const code of ["57014", "25006", "53100", "ECONNREFUSED"])
    expect(translated(failed(code))).toMatchObject({ code: "STORE_UNAVAILABLE" });
  for (const code of ["22P05", "22021"])
    expect(translated(failed(code))).toMatchObject({ code: "VALIDATION_FAILED" });
  for (const error of [failed("42P01"), new AppError("JOB_NOT_FOUND", "None")])
    expect(translated(error)).toBe(error);
});
