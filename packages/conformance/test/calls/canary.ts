/** What must not be found in anything that a program may print, and where it is looked for. */
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Tracer from "effect/Tracer"
import { inspect } from "node:util"
import * as SpanRecorder from "./spanRecorder.ts"

/** Every text that can be got out of a value: properties of any kind, getters of its classes, causes. */
export const everyText = (root: unknown): string => {
  const seen = new Set<unknown>()
  const out: Array<string> = []
  const visit = (value: unknown): void => {
    if (typeof value === "string" || typeof value === "symbol") out.push(String(value))
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return
    seen.add(value)
    // A Redacted is where the key belongs; what prints it is tried with the rest.
    if (Redacted.isRedacted(value)) return
    if (value instanceof Map || value instanceof Set) { for (const entry of value) visit(entry) }
    for (
      let level: object | null = value;
      level !== null && level !== Object.prototype;
      level = Object.getPrototypeOf(level)
    ) {
      if (level === Function.prototype || level === Array.prototype) break
      for (const key of Reflect.ownKeys(level)) {
        visit(key)
        try {
          visit(Reflect.get(level, key, value))
        } catch {
          // A getter that throws tells nothing.
        }
      }
    }
  }
  visit(root)
  const printed = [
    () => String(root),
    () => JSON.stringify(root),
    () => inspect(root, { depth: 20, showHidden: true, getters: true }),
    () => inspect(root)
  ]
  for (const print of printed) {
    try {
      out.push(print())
    } catch {
      // A cycle; the walk above has seen all of it.
    }
  }
  return out.join("\n")
}

export const assertClean = (text: string, where: string, canaries: ReadonlyArray<string>): void => {
  for (const canary of canaries) {
    const at = text.indexOf(canary)
    if (at >= 0) assert.fail(`${where} holds ${canary}: ${text.slice(Math.max(0, at - 200), at + 40)}`)
  }
}

/** What is left of an effect: its end, and everything that was logged, traced and measured meanwhile. */
export interface Traces<A, E> {
  readonly exit: Exit.Exit<A, E>
  readonly logged: ReadonlyArray<string>
  readonly spans: ReadonlyArray<Tracer.NativeSpan>
  readonly metrics: unknown
}

/** Runs it with loggers of every format and a tracer. */
export const traced = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Traces<A, E>, never, R> =>
  Effect.gen(function*() {
    const logged: Array<string> = []
    const { spans, tracer } = SpanRecorder.make()
    const loggers = [
      Logger.make((entry) => void logged.push(inspect(entry.message, { depth: 20 }), Cause.pretty(entry.cause))),
      Logger.map(Logger.formatJson, (line) => void logged.push(line)),
      Logger.map(Logger.formatLogFmt, (line) => void logged.push(line)),
      Logger.map(Logger.formatStructured, (line) => void logged.push(JSON.stringify(line)))
    ]
    const exit = yield* Effect.tapCause(effect, (cause) => Effect.logError("it failed", cause)).pipe(
      Effect.withSpan("a caller's span"),
      Effect.provideService(Tracer.Tracer, tracer),
      Effect.provide(Logger.layer(loggers)),
      Effect.exit
    )
    return { exit, logged, spans, metrics: yield* Metric.snapshot }
  })

/** Nothing that is left of it holds one of these; it failed, and was logged. */
export const assertTracesClean = <A, E>(
  { exit, logged, metrics, spans }: Traces<A, E>,
  canaries: ReadonlyArray<string>
): unknown => {
  if (Exit.isSuccess(exit)) return assert.fail("it did not fail")
  const error: unknown = Cause.squash(exit.cause)
  assertClean(everyText(error), "the error", canaries)
  assertClean(everyText(exit), "the exit", canaries)
  assertClean(Cause.pretty(exit.cause), "Cause.pretty", canaries)
  assertClean(logged.join("\n"), "a log line", canaries)
  assert.isAbove(logged.length, 0)
  for (const span of spans) {
    assertClean(
      everyText([span.name, [...span.attributes], span.events, span.links, span.status]),
      "a span",
      canaries
    )
  }
  assertClean(everyText(metrics), "a metric", canaries)
  return error
}
