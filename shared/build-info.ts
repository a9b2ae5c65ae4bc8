/** How a compiled binary was built. */
export interface BuildInfo {
  readonly commit: string;
  /** An RFC 3339 time. */
  readonly builtAt: string;
}

// The build defines this; it is undefined when running from source.
declare const ODTO_BUILD: BuildInfo | undefined;

/** How this binary was built; undefined when running from source. */
export const buildInfo: BuildInfo | undefined = typeof ODTO_BUILD === "undefined" ? undefined : ODTO_BUILD;

/** Formats the output of `--version`: name, version, commit, build time, platform. */
export function versionLine(name: string, version: string, build = buildInfo): string {
  const made = build ? `commit ${build.commit}, built ${build.builtAt}` : "from source";
  return `${name} ${version} (${made}, ${process.platform}-${process.arch}, Bun ${Bun.version})`;
}
