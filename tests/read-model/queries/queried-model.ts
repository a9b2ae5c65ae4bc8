import type { World } from "../world.ts";

/** The running system's read-model, and a function with which the tests query it. */
export interface QueriedModel {
  world(): World;
  url(): string;
  get<T>(path: string): Promise<{ status: number; body: T }>;
}

export const ago = (ms: number) => new Date(Date.now() - ms);
