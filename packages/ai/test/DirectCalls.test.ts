/** A call that is run in the calling fiber ends as the one that `Toolkit.handle` runs. */
import { assert, describe, it } from "@effect/vitest"
import * as ToolCalls from "effect-gemini-ai/ToolCalls"
import * as AiError from "effect/ai/AiError"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

class Offset extends Context.Service<Offset, number>()("test/Offset") {}

class Broken extends Schema.TaggedError<Broken>("test/Broken")("Broken", { why: Schema.String }) {}

const n = Schema.Struct({ n: Schema.NumberFromString })

const base = {
  plain: Tool.make("plain", { parameters: Schema.Struct({ n: Schema.Finite }), success: Schema.Finite }),
  day: Tool.make("day", { parameters: Schema.Struct({ at: Schema.Date }), success: Schema.Date }),
  shown: Tool.make("shown", {
    success: Schema.String,
    toModelOutput: (text) => [Prompt.makePart("text", { text: `shown: ${text}` })]
  }),
  needs: Tool.make("needs", { parameters: n, success: Schema.Finite, dependencies: [Offset] }),
  preliminary: Tool.make("preliminary", { success: Schema.String }),
  told: Tool.make("told", { success: Schema.String, failure: Broken, failureMode: "return" }),
  stops: Tool.make("stops", { parameters: n, success: Schema.String, failure: Broken, failureMode: "error" }),
  reason: Tool.make("reason", { success: Schema.String, failureMode: "return" }),
  misfit: Tool.make("misfit", { success: Schema.Finite, failureMode: "return" }),
  dies: Tool.make("dies", { success: Schema.String, failureMode: "return" }),
  leaves: Tool.make("leaves", { success: Schema.String, failureMode: "return" }),
  unwritable: Tool.make("unwritable", { success: Schema.Unknown })
}
const toolkit = Toolkit.make(...Object.values(base))

const handlers = toolkit.toLayer({
  plain: ({ n }) => Effect.succeed(n + 1),
  day: ({ at }) => Effect.succeed(new Date(at.getTime() + 1_000)),
  shown: () => Effect.succeed("it"),
  needs: ({ n }) => Effect.map(Offset, (offset) => n + offset),
  preliminary: (_, { preliminary, toolCallId }) => Effect.as(preliminary("half"), `whole ${toolCallId}`),
  told: () => Effect.fail(new Broken({ why: "told" })),
  stops: () => Effect.fail(new Broken({ why: "stops" })),
  reason: () => Effect.fail(new AiError.RateLimitError({})),
  misfit: () => Effect.succeed(Number.NaN),
  dies: () => Effect.die(new Error("a bug")),
  leaves: () => Effect.interrupt,
  unwritable: () => Effect.succeed(1n)
})

const calls: ReadonlyArray<readonly [name: string, params: unknown]> = [
  ["plain", { n: 1 }],
  ["plain", { n: "one" }],
  ["plain", undefined],
  ["day", { at: "2026-11-29T00:00:00.000Z" }],
  ["day", { at: "never" }],
  ["shown", {}],
  ["needs", { n: "2" }],
  ["preliminary", {}],
  ["told", {}],
  ["stops", { n: "1" }],
  ["stops", { n: {} }],
  ["reason", {}],
  ["misfit", {}],
  ["dies", {}],
  ["leaves", {}],
  ["unwritable", {}],
  ["plane", {}],
  ["__proto__", {}]
]

/** What a call gave, with errors as their tags and words. */
const seen = ({ failure, unwritable, ...handled }: ToolCalls.Handled<unknown>) => {
  const error: unknown = failure === undefined ? undefined : Option.getOrUndefined(Cause.findErrorOption(failure))
  const shown = (value: unknown) => value instanceof Error ? `${value.name}: ${value.message}` : value
  return {
    ...handled,
    result: shown(handled.result),
    modelOutput: handled.modelOutput,
    unwritable: unwritable?.message,
    error: shown(error),
    isDefect: failure !== undefined && failure.reasons.some(Cause.isDieReason),
    isInterrupt: failure !== undefined && Cause.hasInterruptsOnly(failure)
  }
}

describe("a call in the calling fiber", () => {
  for (const [name, params] of calls) {
    it.effect(`${name}(${JSON.stringify(params)}) ends as through the toolkit`, () =>
      Effect.gen(function*() {
        const call = { id: "c1", name, params }
        const through = yield* ToolCalls.handle(yield* toolkit, call)
        const { handle } = yield* ToolCalls.handlers(toolkit)
        const first = yield* handle(call)
        assert.deepStrictEqual(seen(first), seen(through))
        assert.deepStrictEqual(seen(yield* handle(call)), seen(first))
      }).pipe(Effect.provide([handlers, Layer.succeed(Offset, 40)])))
  }

  it.effect("sees the services of the call before those that its handler was made with", () =>
    Effect.gen(function*() {
      const { handle } = yield* ToolCalls.handlers(toolkit)
      const call = handle({ id: "c1", name: "needs", params: { n: "2" } })
      assert.strictEqual((yield* call).result, 42)
      assert.strictEqual((yield* Effect.provideService(call, Offset, 1)).result, 3)
    }).pipe(Effect.provide([handlers, Layer.succeed(Offset, 40)])))

  it.effect("is a defect where nobody has a handler for it", () =>
    Effect.gen(function*() {
      const { handle } = yield* ToolCalls.handlers(Toolkit.make(base.plain))
      const { failure } = yield* handle({ id: "c1", name: "plain", params: { n: 1 } })
      assert.include(String(failure), "there is no handler of the tool")
    }).pipe(Effect.provideContext(Context.empty() as never)))
})
