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
  /** Opens a bus whose connections use the network that fails. */
  open(options?: WorldBusOptions): Bus;
  /** Opens a bus on a separate network that never fails. */
  openElsewhere(options?: WorldBusOptions): Bus;
  /** Closes every connection of the failing network, and refuses new ones. */
  cut(): void;
  /** Keeps its connections, but lets nothing through. */
  freeze(): void;
  restore(): void;
  /** Connections open on the failing network. */
  connections(): number;
  /** The source of a program that opens a bus, publishes, consumes, closes, and must then exit by itself. */
  shortProgram(): string;
  restartEngine(): Promise<void>;
  /** Closes all buses that were opened, and removes everything. */
  dispose(): Promise<void>;
}

/** The world of the current test, and a way to open a connected bus in it. */
export interface OpenWorld {
  world(): BusWorld;
  /** Opens a bus on the network that can fail. */
  connect(options?: WorldBusOptions): Promise<Bus>;
}

export async function connected(bus: Bus): Promise<Bus> {
  await bus.connected(AbortSignal.timeout(20_000));
  return bus;
}
