/** What the points of the contract are shown with. */
import * as GeminiTool from "effect-gemini-ai/GeminiTool"
import type * as AiError from "effect/ai/AiError"
import type * as Response from "effect/ai/Response"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { answer, bodies, type Json, record, services } from "./scripted.ts"

export type Point = readonly [point: string, expected: string, run: () => Effect.Effect<string, unknown>]

export const at = "2026-01-02T03:04:05.000Z"
/** What the tool `when` was given, and how many of it ran at once. */
export const ran = { given: [] as Array<string>, peak: 0, now: 0 }

export const toolkit = Toolkit.make(
  Tool.make("when", {
    parameters: Schema.Struct({ at: Schema.Date }),
    success: Schema.ReadonlyMap(Schema.String, Schema.Finite)
  }),
  Tool.make("ask", { success: Schema.String, needsApproval: true }),
  Tool.make("fail", { failure: Schema.Struct({ why: Schema.String }), failureMode: "return" }),
  Tool.make("see", { success: Schema.String })
)
export const handlers = toolkit.toLayer({
  when: ({ at }) =>
    Effect.gen(function*() {
      ran.given.push(at instanceof Date ? "Date" : typeof at)
      ran.peak = Math.max(ran.peak, ++ran.now)
      yield* Effect.yieldNow
      ran.now--
      return new Map([["a", 1]])
    }),
  ask: () => Effect.succeed("did it"),
  fail: () => Effect.fail({ why: "closed" }),
  see: () => Effect.never
})
export const mixed = Toolkit.make(GeminiTool.GoogleSearch({}), Tool.make("a", { success: Schema.String }))
export const mixedHandlers = mixed.toLayer({ a: () => Effect.succeed("x") })

export const scripted = (
  ...answers: ReadonlyArray<ReadonlyArray<Json> | { readonly parts: ReadonlyArray<Json>; readonly more: Json }>
) => {
  let n = 0
  return Layer.mergeAll(
    services({
      answers: () => {
        const next = answers[n++] ?? [{ text: "fine" }]
        return "parts" in next ? answer(next.parts, next.more) : answer(next)
      }
    }),
    handlers,
    mixedHandlers
  )
}

export const tag = (error: unknown): string => {
  const { isRetryable, reason } = error as AiError.AiError
  return `${reason._tag} ${isRetryable ? "retryable" : "final"}`
}
export const failed = <R>(ask: Effect.Effect<unknown, unknown, R>) =>
  Effect.flatMap(
    Effect.match(ask, { onFailure: tag, onSuccess: () => "success" }),
    (end) => Effect.map(bodies, ({ length }) => `${end}, ${length} requests`)
  )

export const types = (parts: ReadonlyArray<Response.AnyPart>): string => parts.map(({ type }) => type).join(" ")
export const json = (value: unknown): string => JSON.stringify(value)

/** A result without the sentence that explains it. */
export const short = (response: unknown): string => {
  const { error } = record(response)
  const { type } = record(error)
  return json(type === undefined ? response : { error: { type } })
}
