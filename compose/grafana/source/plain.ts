/** A type of Grafana's schema as it is in JSON: an enum of texts is those texts. */
export type Plain<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
