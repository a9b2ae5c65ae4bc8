import { createApiClient } from "../../shared/api-client/client.ts";

/** A client for both APIs, which are reached through this page's own server. */
export const client = createApiClient({
  addresses: () => ({ gatewayUrl: `${location.origin}/gateway`, readModelUrl: `${location.origin}/api` }),
});
