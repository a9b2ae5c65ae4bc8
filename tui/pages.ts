/** A web page of the system, and whether it answers. */
export interface PageState {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly description: string;
  readonly state: "reachable" | "unreachable" | "absent";
  /** Why it cannot be opened. */
  readonly reason?: string;
}
