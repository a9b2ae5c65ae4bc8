/** One of the system's web pages and whether it answers. */
export interface PageState {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly description: string;
  readonly state: "reachable" | "unreachable" | "absent";
  /** Why the page cannot be opened. */
  readonly reason?: string;
}
