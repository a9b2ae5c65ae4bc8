/** A wording that reads as translated, and a better one. */
interface Slip {
  readonly words: string;
  readonly instead: string;
}

/**
 * Lists only wordings that are wrong almost everywhere, because a check with false alarms gets ignored. A space also
 * matches a line break inside a comment.
 */
const SLIPS: readonly Slip[] = [
  { words: "whoever", instead: "anyone who, or name the caller" },
  // "nobody" is also a user on most systems. The pattern skips it in Dockerfiles, in /etc/passwd and in quotes.
  { words: "(?<!(?:USER|-o|nor) |[\"'`])nobody(?!:)", instead: "no one, or the passive" },
  { words: "anew", instead: "again" },
  { words: "for ever", instead: "forever" },
  { words: "in vain", instead: "without success" },
  { words: "in the name of", instead: "for" },
  { words: "into use", instead: "start using" },
  { words: "gives(?! (?:up|way))", instead: "returns" },
  { words: "give(?: them| it| one| messages)? back", instead: "return" },
  { words: "gave(?: them| it)? back", instead: "returned" },
  { words: "(?:come|comes|came) up", instead: "starts, connects" },
  { words: "what is there", instead: "what exists" },
  { words: "(?:is|are|was|were) away", instead: "is unavailable, is unreachable" },
  { words: "asks", instead: "queries, requests" },
  { words: "who ask", instead: "callers" },
  {
    words: "(?:is|are|was|were|be|been|being) told(?! (?:apart|from|to)|<)",
    instead: "is notified, is logged",
  },
  { words: "(?:is|are|was|were|be) made again", instead: "is recreated" },
  { words: "(?:is|are|was|were|been) let go", instead: "is released, is closed" },
  { words: "(?:is|are|was|were) looked for", instead: "searches, finds" },
  { words: "(?:is|are|was|were) not there", instead: "does not exist, is missing" },
  { words: "be had", instead: "is available" },
  {
    words: "(?:for|of|by|also|and) who (?:has|have|wants?|waits?|needs?|asks?|wrote|does)",
    instead: "for those who",
  },
  { words: "all the same", instead: "anyway, nevertheless" },
  // Spelling is American, as in CSS and NO_COLOR, except for "cancelled", which is the name of a status.
  { words: "(?:colour|behaviour|neighbour|favour|catalogue)\\w*", instead: "the American spelling" },
  { words: "(?:labelled|modelled|signalled)", instead: "the American spelling" },
  { words: "(?:normal|serial|recogn|organ)is(?:e|es|ed|ing)", instead: "the American spelling" },
];

const PATTERNS = SLIPS.map(({ words, instead }) => ({
  pattern: new RegExp(`(?<![\\w-])(?:${words.replaceAll(" ", "(?: |\\s*\\n[\\s*/#>|-]*)")})(?![\\w-])`, "gi"),
  instead,
}));

/** Returns the slips in a text, each with its line number, counted from 1. */
export function findSlips(text: string): { line: number; words: string; instead: string }[] {
  return PATTERNS.flatMap(({ pattern, instead }) =>
    [...text.matchAll(pattern)].map((found) => ({
      line: text.slice(0, found.index).split("\n").length,
      words: found[0].replaceAll(/\s*\n[\s*/#>|-]*/g, " "),
      instead,
    })),
  ).sort((a, b) => a.line - b.line);
}
