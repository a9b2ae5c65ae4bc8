import { CliError } from "./failure.ts";

const SUPPORTED = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win32-x64"];

/** Throws an error that names the platform if it is not supported. */
export function checkPlatform(platform: string, arch: string): void {
  const name = `${platform}-${arch}`;
  if (SUPPORTED.includes(name)) return;
  throw new CliError(
    1,
    `odd-dashboard does not support ${name}`,
    `Run it on one of ${SUPPORTED.join(", ")}`,
    "UNSUPPORTED_PLATFORM",
  );
}
