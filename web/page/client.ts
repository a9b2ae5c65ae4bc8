import { createApiClient } from "../../shared/api-client/client.ts";

/** A client for both APIs. This page's own server forwards the requests. */
export const client = createApiClient({
  addresses: () => ({ gatewayUrl: `${location.origin}/gateway`, readModelUrl: `${location.origin}/api` }),
});
