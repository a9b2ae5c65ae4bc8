import { useEffect, useState } from "preact/hooks";

const LISTS = ["overview", "jobs", "events", "dead-letters", "queues", "alerts", "new"] as const;

/** A view of the page, as the part of the address after `#`: it never reaches a server, so a secret in it is not logged. */
export type Route =
  | { readonly view: "terminal" }
  | { readonly view: "watch"; readonly secret: string }
  | {
      readonly view: (typeof LISTS)[number];
      readonly query: URLSearchParams;
    }
  | { readonly view: "job"; readonly id: string; readonly query: URLSearchParams };

/** Reads `#/jobs/ID?tab=payload` and its like; anything unknown is the terminal. */
export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view = "", part = ""] = path.split("/", 2);
  const query = new URLSearchParams(search);
  if (view === "watch" && part) return { view, secret: part };
  if (view === "jobs" && part) return { view: "job", id: part, query };
  const list = LISTS.find((name) => name === view);
  return list ? { view: list, query } : { view: "terminal" };
}

/** The route of the address, also as it changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const update = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", update);
    return () => removeEventListener("hashchange", update);
  }, []);
  return route;
}
