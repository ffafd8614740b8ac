/** Makes the plain form of a service, whose type is `Promised`. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** How effects and streams are run. */
export interface Runner {
  /** Gives the value in its plain form, and what has a scope with a way to close it. */
  readonly promise: (effect: Effect.Effect<unknown, unknown, never>) => Promise<unknown>
  readonly chunks: (stream: Stream.Stream<unknown, unknown, never>) => AsyncIterable<unknown>
}

type Fields = Readonly<Record<PropertyKey, unknown>>

const isEffect = (value: unknown): value is Effect.Effect<unknown, unknown, never> => Effect.isEffect(value)
const isStream = (value: unknown): value is Stream.Stream<unknown, unknown, never> => Stream.isStream(value)

/** The objects that a value has its fields from, itself first. What every object has is left out. */
const owners = (value: object): ReadonlyArray<object> => {
  const found: Array<object> = []
  for (let at: object | null = value; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    found.push(at)
  }
  return found
}

/**
 * Whether a value has methods or effects: functions of its own, or getters that give an Effect or a Stream, as a class
 * of ours has. Methods of a class do not count, so data stays what it is: dates, durations, errors.
 */
export const isService = (value: unknown): value is Fields => {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Error) return false
  if (isEffect(value) || isStream(value)) return false
  const isRunning = (field: unknown): boolean => isEffect(field) || isStream(field)
  return owners(value).some((owner) =>
    Object.values(Object.getOwnPropertyDescriptors(owner)).some((field) =>
      owner === value && field.get === undefined
        ? typeof field.value === "function" || isRunning(field.value)
        : field.get !== undefined && isRunning(Reflect.apply(field.get, value, []))
    )
  )
}

/** The plain form. Fields are read when they are asked for, as they may be getters. */
export const make = (service: Fields, runner: Runner): Record<PropertyKey, unknown> => {
  const plain: Record<PropertyKey, unknown> = {}
  const names = owners(service).flatMap((owner) => Object.getOwnPropertyNames(owner))
  for (const name of new Set(names)) {
    if (name === "constructor") continue
    Object.defineProperty(plain, name, {
      enumerable: true,
      get: () => member(Reflect.get(service, name, service), service, runner)
    })
  }
  return plain
}

const member = (value: unknown, service: Fields, runner: Runner): unknown => {
  if (isEffect(value)) return () => runner.promise(value)
  return typeof value === "function"
    ? (...args: ReadonlyArray<unknown>) => outcome(Reflect.apply(value, service, args), runner)
    : outcome(value, runner)
}

export const outcome = (value: unknown, runner: Runner): unknown => {
  if (isEffect(value)) return runner.promise(value)
  if (isStream(value)) return runner.chunks(value)
  return isService(value) ? make(value, runner) : value
}

/** A value that is closed by `await using`. */
export const held = (value: unknown, close: () => Promise<void>): unknown =>
  Object.defineProperty(
    // Data is copied, as it may be somebody else's, too.
    typeof value === "object" && value !== null
      ? Object.create(Object.getPrototypeOf(value), Object.getOwnPropertyDescriptors(value))
      : {},
    Symbol.asyncDispose,
    { value: close }
  )
