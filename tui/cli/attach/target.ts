import { CliError } from "../failure.ts";

/** A terminal to open or to watch. */
export interface Target {
  /** The WebSocket URL. */
  readonly url: string;
  /** The watch link's secret. */
  readonly watch?: string;
}

/** Parses the URL of a page, the URL of its WebSocket or a watch link. Throws for anything else. */
export function parseTarget(text: string): Target {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (!url || !/^(https?|wss?):$/.test(url.protocol))
    throw new CliError(
      2,
      `${JSON.stringify(text)} is not the URL of a page or terminal`,
      "Pass the URL of the page, such as http://localhost:8081, or a watch link in quotes",
    );
  const watch = /^#\/watch\/([A-Za-z0-9_-]{43})$/.exec(url.hash)?.[1];
  if (url.hash.startsWith("#/watch/") && watch === undefined)
    throw new CliError(2, "The watch link is incomplete", "Copy it again, and put it in quotes");
  url.protocol = url.protocol.replace(/^http/, "ws");
  url.pathname = "/ws";
  url.hash = "";
  url.search = "";
  return { url: url.href, ...(watch !== undefined && { watch }) };
}
