import type { World } from "../world.ts";

/** A read-model of the world, and the calls that its tests make. */
export interface QueriedModel {
  world(): World;
  url(): string;
  get<T>(path: string): Promise<{ status: number; body: T }>;
}

export const ago = (ms: number) => new Date(Date.now() - ms);
