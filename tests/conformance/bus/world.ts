import type { Topology } from "../../../contracts/topology.ts";
import type { Bus } from "../../../shared/bus/port.ts";
import type { Metrics } from "../../../shared/metrics.ts";

/** The options that every adapter accepts. */
export interface WorldBusOptions {
  readonly topology?: Topology;
  readonly maxUnconfirmed?: number;
  readonly maxWaiting?: number;
  readonly confirmTimeoutMs?: number;
  readonly stopGraceMs?: number;
  readonly metrics?: Metrics;
}

/** An empty bus for one test, with a network that can fail. */
export interface BusWorld {
  /** Opens a bus on the network that can fail. */
  open(options?: WorldBusOptions): Bus;
  /** Opens a bus on a separate network that never fails. */
  openElsewhere(options?: WorldBusOptions): Bus;
  /** Closes every connection on the network that can fail, and refuses new ones. */
  cut(): void;
  /** Keeps the connections open but lets no data through. */
  freeze(): void;
  restore(): void;
  /** Counts the open connections on the network that can fail. */
  connections(): number;
  /** Returns the source of a program that publishes, consumes, closes its bus and must then exit on its own. */
  shortProgram(): string;
  restartEngine(): Promise<void>;
  /** Closes every bus that was opened, and removes the world's queues and messages. */
  dispose(): Promise<void>;
}

/** The current test's world, and a way to open a connected bus in it. */
export interface OpenWorld {
  world(): BusWorld;
  /** Opens a bus on the network that can fail. */
  connect(options?: WorldBusOptions): Promise<Bus>;
}

export async function connected(bus: Bus): Promise<Bus> {
  await bus.connected(AbortSignal.timeout(20_000));
  return bus;
}
