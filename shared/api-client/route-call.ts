import type { Static, TObject, TProperties, TSchema } from "@sinclair/typebox";
import type { Route } from "../../contracts/route.ts";

export interface CallOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Time until the call fails with `TIMED_OUT`; defaults to the client's limit. */
  readonly timeoutMs?: number;
}

/** A route's input: path parameters, query, headers and body, typed by its schemas. */
export type RouteInput<R extends Route> = Part<R, "params"> &
  Part<R, "query"> &
  Part<R, "headers"> &
  BodyOf<R>;

/** A route's reply on success. */
export type RouteReply<R extends Route> = Static<R["reply"]["schema"]>;

/** A route as a function; its input may be omitted if no part of it is required. */
export type RouteCall<R extends Route> =
  Partial<RouteInput<R>> extends RouteInput<R>
    ? (input?: RouteInput<R>, options?: CallOptions) => Promise<RouteReply<R>>
    : (input: RouteInput<R>, options?: CallOptions) => Promise<RouteReply<R>>;

/** One function for each of the table's routes that reply with JSON. */
export type RouteCalls<T extends Readonly<Record<string, Route>>> = {
  readonly [N in JsonRoute<T>]: RouteCall<T[N]>;
};

type JsonRoute<T extends Readonly<Record<string, Route>>> = {
  [N in keyof T]: T[N]["reply"] extends { contentType: string } ? never : N;
}[keyof T];

type Part<R, K extends "params" | "query" | "headers"> = R extends { [P in K]: infer S extends TProperties }
  ? OptionalWhenEmpty<K, Static<TObject<S>>>
  : unknown;

type BodyOf<R> = R extends { body: { schema: infer S extends TSchema; optional: true } }
  ? { readonly body?: Static<S> }
  : R extends { body: { schema: infer S extends TSchema } }
    ? { readonly body: Static<S> }
    : unknown;

type OptionalWhenEmpty<K extends string, V> =
  Partial<V> extends V ? { readonly [P in K]?: V } : { readonly [P in K]: V };
