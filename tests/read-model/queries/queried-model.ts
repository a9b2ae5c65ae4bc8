import type { World } from "../world.ts";

/** The world's read-model, and the calls that the tests make to it. */
export interface QueriedModel {
  world(): World;
  url(): string;
  get<T>(path: string): Promise<{ status: number; body: T }>;
}

export const ago = (ms: number) => new Date(Date.now() - ms);
