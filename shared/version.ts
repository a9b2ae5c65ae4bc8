const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/;

/**
 * Reads a service's version from the text of its VERSION file. Throws if the text is missing or not a SemVer core
 * version (semver.org, item 2): a service without a valid version must not start.
 */
export function parseVersion(service: string, text: string | undefined): string {
  const version = text?.trim() ?? "";
  if (!SEMVER.test(version))
    throw new Error(
      `services/${service}/VERSION holds ${JSON.stringify(version.slice(0, 40))}: expected a version such as 1.0.0`,
    );
  return version;
}
