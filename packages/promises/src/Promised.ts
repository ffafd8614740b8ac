/**
 * A service of Effect's in plain TypeScript: what gives an Effect gives a promise, what gives a Stream an async iterable.
 *
 * @since 0.3.0
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"

/**
 * An async iterable that is read once. Leaving the loop closes the request.
 *
 * @category models
 * @since 0.3.0
 */
export interface Chunks<A> extends AsyncIterableIterator<A, undefined, undefined> {
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * The plain form of a service: its methods give promises and async iterables, an Effect among its fields is a method, a
 * Stream an async iterable, and all else is as it was. What its methods give has the plain form, too, if it has
 * methods of its own, as a Live session does. What must be closed, as a session must, is so by `await using`, or at last
 * with the client.
 *
 * A type parameter of a method comes out as its bound: TypeScript cannot map it. `gemini.effect` takes the method itself.
 *
 * @category utility types
 * @since 0.3.0
 */
export type Promised<S> = { readonly [Name in keyof S]: Member<S[Name]> }

type Member<M> = M extends Effect.Effect<infer A, infer _E, infer R> ? () => Promise<Held<A, R>>
  : M extends Stream.Stream<infer A, infer _E, infer _R> ? Chunks<Value<A>>
  : M extends (...args: infer Args) => infer Given ? (...args: Args) => Outcome<Given>
  : Value<M>

type Outcome<Given> = Given extends Effect.Effect<infer A, infer _E, infer R> ? Promise<Held<A, R>>
  : Given extends Stream.Stream<infer A, infer _E, infer _R> ? Chunks<Value<A>>
  : Value<Given>

/** What lives in a scope is closed by whoever holds it. */
type Held<A, R> = [Scope.Scope] extends [R] ? A extends object ? Value<A> & AsyncDisposable : AsyncDisposable : Value<A>

type Value<A> = A extends object ? HasEffects<A> extends true ? Promised<A> : A : A

/** Whether some field is an Effect or a Stream, or gives one. */
type HasEffects<A extends object> = A extends ReadonlyArray<unknown> | ((...args: never) => unknown) ? false
  : true extends { [Name in keyof A]-?: IsEffect<A[Name]> }[keyof A] ? true
  : false

type IsEffect<M> = M extends Running ? true
  : M extends (...args: never) => infer Given ? Given extends Running ? true : false
  : false

type Running = Effect.Effect<unknown, unknown, unknown> | Stream.Stream<unknown, unknown, unknown>
