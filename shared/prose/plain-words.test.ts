import { expect, test } from "bun:test";
import { findSlips } from "./plain-words.ts";

const slips = (text: string) => findSlips(text).map(({ line, words }) => `${line}: ${words}`);

test("a slip is reported with its line and a better wording", () => {
  expect(findSlips("// Jobs wait.\n// It returns, or gives, a row.\n")).toEqual([
    { line: 2, words: "gives", instead: "returns" },
  ]);
});

test("slips are found in capitals, in strings and across a comment's line breaks", () => {
  expect(slips("// Whoever")).toEqual(["1: Whoever"]);
  expect(slips('throw new Error("the bus is away");')).toEqual(["1: is away"]);
  expect(slips("/**\n * The bus is\n * away.\n */")).toEqual(["2: is away"]);
  expect(slips("# The bus is\n  # away")).toEqual(["1: is away"]);
});

test("a British spelling is a slip, except in the name of a status", () => {
  expect(slips("colours, behavioural, labelled, normalised")).toHaveLength(4);
  expect(slips("NO_COLOR, behavior, labeled, cancelled")).toEqual([]);
});

test("the same letters in another word or phrase are not a slip", () => {
  expect(slips("renewed tasks, a page away, told apart, gives up, is away-from-keyboard")).toEqual([]);
  expect(slips('USER nobody\nnobody:x:65534\nconst users = ["postgres", "nobody"];')).toEqual([]);
});
