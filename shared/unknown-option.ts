import { didYouMean, nearest } from "../contracts/nearest.ts";

/** Words the error for an unknown option. `given` may include a value, as in `--name=value`. */
export function unknownOption(given: string, known: readonly string[]): string {
  const [option = ""] = given.split("=");
  const meant = nearest(option, known);
  return `Unknown option ${option}${didYouMean(meant) || "; see --help"}`;
}
