import { expect, test } from "bun:test";
import { JOB_SERVICES } from "../../contracts/services.ts";
import { findFreePort } from "../../tui/engines/port.ts";
import { chosenSet, enginesOf, whyLeftOut } from "../support/engines.ts";
import { startService } from "../support/service-process.ts";
import { eventually } from "../support/wait.ts";
import { createWorldEngines } from "../support/world-engines.ts";

/** Matches lines that the test runner prints when it measures a service's coverage. */
const RUNNER = /^bun test v|covered-service\.ts:$/;

const reason = whyLeftOut(enginesOf(chosenSet()));
test.skipIf(reason !== undefined && !process.env.CI)(
  `starting all services at the same time on empty stores logs no error${reason ? `; left out: ${reason}` : ""}`,
  async () => {
    const undo: (() => Promise<unknown>)[] = [];
    try {
      const { urls } = await createWorldEngines(chosenSet(), `f${crypto.randomUUID().slice(0, 8)}`, [], undo);
      const port = String(await findFreePort());
      const services = await Promise.all(
        JOB_SERVICES.map(async (name) => {
          const service = await startService(
            name,
            {
              ...urls,
              PROCESSOR_URL: `http://127.0.0.1:${port}`,
              SNAPSHOT_EVERY_MS: "500",
              ...(name === "processor" && { PORT: port }),
            },
            { ready: false },
          );
          undo.push(() => service.stop());
          return service;
        }),
      );
      for (const { name, url } of services)
        await eventually(
          () =>
            fetch(`${url}/readyz`).then(
              ({ ok }) => ok,
              // The service is not listening yet.
              () => false,
            ),
          { what: `${name} to be ready` },
        );
      const gateway = services.find(({ name }) => name === "gateway");
      const reply = await fetch(`${gateway?.url}/jobs`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ type: "sleep" }),
      });
      expect(reply.status).toBe(202);
      const complaints = services.flatMap(({ lines }) =>
        lines.filter((line) => !/"level":"(info|debug)"/.test(line) && !RUNNER.test(line)),
      );
      expect(complaints).toEqual([]);
    } finally {
      for (const step of undo.reverse()) await step();
    }
  },
);
