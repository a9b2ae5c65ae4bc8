/** The Prometheus data source in provisioning/datasources. */
export const PROMETHEUS = { type: "prometheus", uid: "prometheus" } as const;

/** One query of a panel. Its position in the panel determines its refId letter. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
  /** Whether to return a table of current values instead of series over time. */
  readonly table?: true;
}

export const query = (expr: string, legend: string): Query => ({ expr, legend });

/** Returns a query for current values: one row per series, with labels as columns. */
export const tableQuery = (expr: string): Query => ({ expr, legend: "", table: true });

/** Returns the per-second rate over the interval that Grafana derives from the scrape interval and the resolution. */
export const perSecond = (selector: string) => `rate(${selector}[$__rate_interval])`;

/** Returns the per-second rate, summed over all series that share the labels `by`. */
export const sumRate = (selector: string, ...by: string[]) =>
  `sum${by.length > 0 ? ` by (${by.join(", ")})` : ""} (${perSecond(selector)})`;

/**
 * Returns a histogram's quantile, computed separately for each combination of the labels `by`. `matchers`, such as
 * `type="a"`, select the histogram's series.
 */
export const quantile = (q: number, family: string, matchers: string, ...by: string[]) =>
  `histogram_quantile(${q}, ${sumRate(`${family}_bucket{${matchers}}`, ...by, "le")})`;

/** Returns queries for p50, p95 and p99. */
export const quantiles = (family: string, matchers: string) =>
  [0.5, 0.95, 0.99].map((q) => query(quantile(q, family, matchers), `p${q * 100}`));

/** Converts queries to panel targets. `@grafana/schema` leaves a data source's own query fields untyped. */
export function targetsOf(queries: readonly Query[]) {
  return queries.map(({ expr, legend, table }, at) => ({
    refId: String.fromCharCode(65 + at),
    datasource: PROMETHEUS,
    editorMode: "code",
    expr,
    ...(table ? { format: "table", instant: true } : { legendFormat: legend, range: true }),
  }));
}
