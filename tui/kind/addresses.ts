import { SERVICE_CATALOG } from "../../contracts/services.ts";
import type { AddressRow } from "../launch/table.ts";

/** Returns the running parts' local addresses: a URL if a browser can open it, otherwise host and port. */
export const addressesOf = (runs: ReadonlySet<string>): AddressRow[] =>
  SERVICE_CATALOG.services
    .filter(({ name }) => runs.has(name))
    .flatMap(({ name, role, purpose, ports }) =>
      ports.flatMap(({ purpose: offers, published }, index) => {
        if (!published) return [];
        const speaksHttp = role !== "engine" || offers.endsWith("page");
        const address = `${speaksHttp ? "http://" : ""}localhost:${published.port}`;
        return { name, address, purpose: index === 0 ? purpose : offers };
      }),
    );
