/** A type of Grafana's schema in its JSON form: a string enum becomes its strings. */
export type Plain<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
