import { type Command, Option } from "@commander-js/extra-typings";
import type { Overview } from "../../contracts/api-queries.ts";
import { findAddresses } from "../../shared/api-client/addresses.ts";
import { ApiError } from "../../shared/api-client/api-error.ts";
import { findRunningState } from "../../shared/dev-state.ts";
import { sanitize } from "../text.ts";
import { describe, outputOption } from "./command-options.ts";
import { type CliContext, type OutputFormat, show } from "./context.ts";
import { serviceCheck } from "./doctor/services.ts";
import type { StatusReport } from "./outputs.ts";
import type { Style } from "./style.ts";
import { facts, table } from "./table.ts";

const ANSWER_MS = 3_000;

export function addStatus(program: Command, context: CliContext): void {
  describe(
    program.command("status"),
    "Show what is running: tier, services with their readiness, and URLs; exits with 1 if nothing is running",
    "status",
    "status --output json",
    "status --tier kind",
  )
    .addOption(new Option("-t, --tier <tier>", "kind: show the cluster's pods").choices(["kind"] as const))
    .addOption(outputOption())
    .action(async ({ tier, output }) => {
      if (tier === "kind") return showCluster(context, output);
      const status = await readStatus(context);
      if (!status.running) context.exitCode = 1;
      show(context, output, status, statusText);
    });
}

async function showCluster(context: CliContext, output: OutputFormat): Promise<void> {
  const { clusterText, readCluster } = await import("../kind/status.ts");
  const report = await readCluster(context);
  if (!report.running) context.exitCode = 1;
  show(context, output, report, clusterText);
}

/**
 * Reads the status of the system that runs from this folder or, if there is none, of the system at GATEWAY_URL and
 * READ_MODEL_URL.
 */
async function readStatus(context: CliContext): Promise<StatusReport> {
  const state = findRunningState(process.cwd());
  const { gatewayUrl, readModelUrl } = findAddresses(context.env);
  const urls = { gateway: gatewayUrl, "read-model": readModelUrl, ...state?.services };
  const [overview, services] = await Promise.all([
    readOverview(context),
    Promise.all(
      Object.entries(urls).map(async ([name, url]) => {
        const { status, detail } = await serviceCheck(name, url, false);
        return { name, url, ready: status === "OK", detail };
      }),
    ),
  ]);
  return {
    running: state !== undefined || services.some(({ ready }) => ready),
    engines: overview?.engines ?? null,
    version: overview?.version ?? null,
    owner: state ? { pid: state.owner.pid, since: state.since } : null,
    services,
    addresses: [...(state?.addresses ?? [])],
  };
}

async function readOverview({ client, signal }: CliContext): Promise<Overview | undefined> {
  try {
    return await client.readModel.overview({}, { signal, timeoutMs: ANSWER_MS });
  } catch (error) {
    // No error is needed: the table of services shows that the read-model does not answer.
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

export function statusText(
  { running, engines, version, owner, services, addresses }: StatusReport,
  style: Style,
): string {
  if (!running)
    return "Nothing is running here. `odd-dashboard up` starts the system; set GATEWAY_URL and READ_MODEL_URL to use a system that runs elsewhere.";
  const { paint } = style;
  const head = facts(
    [
      ["engines", engines ?? "unknown: the read-model does not answer"],
      ["version", version ?? undefined],
      ["process", owner ? `${owner.pid}, since ${owner.since}` : "not started from this folder"],
    ],
    style,
  );
  const byService = table(
    [{ title: "SERVICE" }, { title: "STATE" }],
    services.map(({ name, ready, detail }) => [
      name,
      ready ? `${paint.green("✓")} ${sanitize(detail)}` : `${paint.red("✕")} ${sanitize(detail)}`,
    ]),
    style,
  );
  const others = addresses.filter(({ name }) => !services.some((service) => service.name === name));
  const byAddress = table(
    [{ title: "ALSO" }, { title: "ADDRESS" }, { title: "PURPOSE" }],
    others.map(({ name, address, purpose }) => [sanitize(name), sanitize(address), sanitize(purpose)]),
    style,
  );
  return [head, byService, ...(others.length > 0 ? [byAddress] : [])].join("\n\n");
}
