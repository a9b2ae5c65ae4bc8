import { SERVICE_CATALOGUE } from "../../contracts/services.ts";
import type { AddressRow } from "../launch/table.ts";

/** Returns where this machine reaches the parts that run: a URL for what a browser can open, else host and port. */
export const addressesOf = (runs: ReadonlySet<string>): AddressRow[] =>
  SERVICE_CATALOGUE.services
    .filter(({ name }) => runs.has(name))
    .flatMap(({ name, role, purpose, ports }) =>
      ports.flatMap(({ purpose: offers, published }, index) => {
        if (!published) return [];
        const speaksHttp = role !== "engine" || offers.endsWith("page");
        const address = `${speaksHttp ? "http://" : ""}localhost:${published.port}`;
        return { name, address, purpose: index === 0 ? purpose : offers };
      }),
    );
