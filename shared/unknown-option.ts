import { didYouMean, nearest } from "../contracts/nearest.ts";

/** The sentence about an option that does not exist, as given with or without a value. */
export function unknownOption(given: string, known: readonly string[]): string {
  const [option = ""] = given.split("=");
  const meant = nearest(option, known);
  return `Unknown option ${option}${didYouMean(meant) || "; see --help"}`;
}
