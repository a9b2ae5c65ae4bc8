/** Converts a type of Grafana's schema to its JSON form, in which a string enum becomes a union of its strings. */
export type Plain<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
