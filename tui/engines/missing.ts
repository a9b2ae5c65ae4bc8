import type { EngineName } from "./engine.ts";
import { isFerretdbCached } from "./ferretdb.ts";
import { findProgram, findRabbitmqHome } from "./locate.ts";
import { hasPostgres } from "./postgres-server.ts";

export interface MissingEngine {
  engine: EngineName;
  /** What is missing, as a sentence without a period. */
  problem: string;
  /** The command that installs the engine, or a pointer to its installation page. */
  remedy: string;
}

interface Source {
  isThere(): boolean;
  problem: string;
  apt: string;
  brew: string;
  page: string;
}

const SOURCES: Record<EngineName, Source> = {
  postgres: {
    isThere: hasPostgres,
    problem:
      "PostgreSQL is neither on the PATH (initdb and postgres, 15 or newer) nor among the npm packages for this platform",
    apt: "postgresql",
    brew: "postgresql@17",
    page: "https://www.postgresql.org/download/",
  },
  rabbitmq: {
    isThere: () => findRabbitmqHome() !== undefined,
    problem: "RabbitMQ's rabbitmq-server is not on the PATH",
    apt: "rabbitmq-server",
    brew: "rabbitmq",
    page: "https://www.rabbitmq.com/docs/download",
  },
  redis: {
    isThere: () => findProgram("redis-server") !== undefined,
    problem: "Redis's redis-server is not on the PATH",
    apt: "redis-server",
    brew: "redis",
    page: "https://redis.io/docs/latest/operate/oss_and_stack/install/",
  },
  mongo: {
    isThere: () => [findProgram("mongod"), findProgram("go")].some(Boolean) || isFerretdbCached(),
    problem: "Neither MongoDB's mongod nor Go, which builds FerretDB as its replacement, is on the PATH",
    apt: "golang-go",
    brew: "go",
    page: "https://www.mongodb.com/docs/manual/installation/",
  },
};

/** Returns the engines that cannot start here, each with a remedy. */
export function missingEngines(names = Object.keys(SOURCES) as EngineName[]): MissingEngine[] {
  return names
    .filter((engine) => !SOURCES[engine].isThere())
    .map((engine) => ({ engine, problem: SOURCES[engine].problem, remedy: remedyFor(SOURCES[engine]) }));
}

function remedyFor({ apt, brew, page }: Source): string {
  if (findProgram("apt-get")) {
    const sudo = process.getuid?.() === 0 ? "" : "sudo ";
    return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${apt}`;
  }
  if (process.platform === "darwin") return `brew install ${brew}`;
  return `install it as ${page} describes`;
}
