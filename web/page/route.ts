import { useEffect, useState } from "preact/hooks";

const LISTS = [
  "overview",
  "jobs",
  "events",
  "dead-letters",
  "queues",
  "alerts",
  "ledger",
  "new",
  "terminal",
] as const;

/**
 * A view, named by the part of the URL after `#`. Browsers never send that part to a server, so a secret in it cannot
 * end up in logs.
 */
export type Route =
  | { readonly view: "watch"; readonly secret: string }
  | {
      readonly view: (typeof LISTS)[number];
      readonly query: URLSearchParams;
    }
  | { readonly view: "job"; readonly id: string; readonly query: URLSearchParams }
  | { readonly view: "missing"; readonly address: string };

/** Parses URL fragments such as `#/jobs/ID?tab=payload`. An empty fragment leads to the overview. */
export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view = "", part = "", ...rest] = path.split("/");
  const query = new URLSearchParams(search);
  if (view === "watch" && part) return { view, secret: part };
  if (view === "jobs" && part && rest.length === 0) return { view: "job", id: part, query };
  const list = LISTS.find((name) => name === (view || "overview"));
  return list && !part ? { view: list, query } : { view: "missing", address: hash };
}

/** Returns the route of the current URL. Rerenders the component when the URL's fragment changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const update = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", update);
    return () => removeEventListener("hashchange", update);
  }, []);
  return route;
}

/** Navigates to another view. */
export function goTo(address: string): void {
  location.hash = address;
}
