import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { Type } from "@sinclair/typebox";
import { fetchFailure } from "../http/fetch-failure.ts";
import { defineJobType, type JobContext, JobFailure } from "./define.ts";

const MAX_REDIRECTS = 5;

export default defineJobType({
  name: "http-check",
  version: "1.0.2",
  description:
    "GETs a URL whose IP address is allowed (by default, only loopback), and reports status and duration. Uses little CPU",
  payload: Type.Object(
    {
      url: Type.String({ pattern: "^https?://", maxLength: 2_048 }),
      expectStatus: Type.Integer({ minimum: 100, maximum: 599, default: 200 }),
    },
    { additionalProperties: false },
  ),
  example: { url: "http://127.0.0.1:3001/healthz" },
  badExamples: [{ url: "file:///etc/passwd" }, { url: "/healthz" }, { url: "" }],
  retry: { maxAttempts: 3, baseMs: 500, capMs: 10_000 },
  deadlineMs: 15_000,
  async run({ url, expectStatus }, context) {
    const startedAt = performance.now();
    const { status, finalUrl } = await get(url, context);
    const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
    if (status !== expectStatus)
      throw new JobFailure(
        "UNEXPECTED_STATUS",
        `GET ${finalUrl} answered ${status}, expected ${expectStatus}`,
      );
    return { url: finalUrl, status, durationMs };
  },
});

async function get(first: string, context: JobContext): Promise<{ status: number; finalUrl: string }> {
  let url = first;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await fetchPinned(url, context);
    // The body is not needed, but leaving it unread would keep the connection open.
    await response.body?.cancel();
    context.log(`GET ${url} answered ${response.status}`);
    const location = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || !location)
      return { status: response.status, finalUrl: url };
    url = new URL(location, url).href;
  }
  throw new JobFailure("TOO_MANY_REDIRECTS", `More than ${MAX_REDIRECTS} redirects from ${first}`, {
    retryable: false,
  });
}

/** Fetches from the IP address that was checked, because another DNS lookup could return a different one. */
async function fetchPinned(url: string, { allowedAddresses, signal }: JobContext): Promise<Response> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new JobFailure("URL_REFUSED", `${url} is not an http or https URL`, { retryable: false });
  const target = new URL(url);
  const { host } = target;
  const hostname = target.hostname.replace(/^\[|\]$/g, "");
  const answers = isIP(hostname) ? [{ address: hostname, family: isIP(hostname) }] : await resolve(hostname);
  const refused = answers.find(
    ({ address, family }) => !allowedAddresses.check(address, family === 6 ? "ipv6" : "ipv4"),
  );
  const answer = answers[0];
  if (refused || !answer) {
    const address = refused?.address ?? "no address";
    throw new JobFailure(
      "ADDRESS_REFUSED",
      address === hostname
        ? `HTTP_CHECK_ALLOW does not list ${address}`
        : `${hostname} resolves to ${address}, which HTTP_CHECK_ALLOW does not list`,
      { retryable: false },
    );
  }
  target.hostname = answer.family === 6 ? `[${answer.address}]` : answer.address;
  try {
    return await fetch(target, {
      redirect: "manual",
      signal,
      headers: { host, "user-agent": "task-observatory-http-check" },
      ...(target.protocol === "https:" && { tls: { serverName: hostname } }),
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw new JobFailure("UNREACHABLE", `GET ${url} failed: ${fetchFailure(cause)}`, { cause });
  }
}

async function resolve(hostname: string) {
  try {
    return await lookup(hostname, { all: true });
  } catch (cause) {
    throw new JobFailure("UNREACHABLE", `${hostname} has no address: ${(cause as Error).message}`, { cause });
  }
}
