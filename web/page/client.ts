import { createApiClient } from "../../shared/api-client/client.ts";

/** A client for the gateway and the read-model. The server that serves this page forwards the requests to them. */
export const client = createApiClient({
  addresses: () => ({ gatewayUrl: `${location.origin}/gateway`, readModelUrl: `${location.origin}/api` }),
});
