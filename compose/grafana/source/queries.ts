/** The Prometheus of provisioning/datasources. */
export const PROMETHEUS = { type: "prometheus", uid: "prometheus" } as const;

/** One query of a panel; its position determines its letter. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
  /** As a table of current values, not as series over time. */
  readonly table?: true;
}

export const query = (expr: string, legend: string): Query => ({ expr, legend });

/** Current values, one row per series, with labels as columns. */
export const tableQuery = (expr: string): Query => ({ expr, legend: "", table: true });

/** Per second, over as many samples as Grafana considers enough. */
export const perSecond = (selector: string) => `rate(${selector}[$__rate_interval])`;

/** Per second, summed by these labels. */
export const sumRate = (selector: string, ...by: string[]) =>
  `sum${by.length > 0 ? ` by (${by.join(", ")})` : ""} (${perSecond(selector)})`;

/** A quantile of a Prometheus histogram, by these labels: of this metric with these matchers, such as `type="a"`. */
export const quantile = (q: number, family: string, matchers: string, ...by: string[]) =>
  `histogram_quantile(${q}, ${sumRate(`${family}_bucket{${matchers}}`, ...by, "le")})`;

/** The median, and the values that one in twenty and one in a hundred exceed. */
export const quantiles = (family: string, matchers: string) =>
  [0.5, 0.95, 0.99].map((q) => query(quantile(q, family, matchers), `p${q * 100}`));

/** In Grafana's schema, without what it does not type: a data source's own query. */
export function targetsOf(queries: readonly Query[]) {
  return queries.map(({ expr, legend, table }, at) => ({
    refId: String.fromCharCode(65 + at),
    datasource: PROMETHEUS,
    editorMode: "code",
    expr,
    ...(table ? { format: "table", instant: true } : { legendFormat: legend, range: true }),
  }));
}
