/** What one call measures of itself, what one attempt writes on its span, and how many names metrics keep. */
import { assert, describe, it } from "@effect/vitest"
import { Overloaded } from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as ModelCatalog from "effect-gemini/models/ModelCatalog"
import type * as Usage from "effect-gemini/wire/Usage"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as TestClock from "effect/testing/TestClock"
import * as AttemptSpan from "../../src/internal/telemetry/attemptSpan.ts"
import * as CallMeasures from "../../src/internal/telemetry/CallMeasures.ts"
import { ModelNames } from "../../src/internal/telemetry/ModelNames.ts"
import type { Attributes, CallWatch } from "../../src/internal/telemetry/recorder.ts"
import { bareSpan } from "./spanRecorder.ts"

type Value = readonly [measure: string, value: number, attributes: Attributes]

const counted = (tokens: Partial<Usage.Usage>): Usage.Usage => ({
  promptTokens: 0,
  cachedTokens: 0,
  toolUsePromptTokens: 0,
  thoughtsTokens: 0,
  candidatesTokens: 0,
  totalTokens: 0,
  ...tokens
})

const error = (usage?: Usage.Usage, status?: number) =>
  new GeminiError({
    method: "generateContent",
    model: "m",
    attempts: [],
    reason: new Overloaded({}),
    ...(status === undefined ? {} : { status }),
    ...(usage === undefined ? {} : { usage })
  })

/** What a call writes down, without the attributes that all of its values have. */
const measured = (play: (watch: CallWatch) => Effect.Effect<void>) =>
  Effect.gen(function*() {
    const values: Array<Value> = []
    const recorder = CallMeasures.make((measure, value, { own, "gen_ai.provider.name": provider, ...more }) => {
      assert.strictEqual(own, "call")
      assert.strictEqual(provider, "gcp.gemini")
      values.push([measure, value, more])
    })
    yield* Effect.withFiber((fiber) =>
      play(recorder.call(fiber, { own: "call", "gen_ai.provider.name": "gcp.gemini" }))
    )
    return values
  })

const wait = (millis: number) => TestClock.adjust(millis)
const does = (act: () => void) => Effect.sync(act)

describe("a call measures", () => {
  it.effect("its whole time, its wait, and the time from its last sending to the first chunk, in seconds", () =>
    Effect.gen(function*() {
      const values = yield* measured((watch) =>
        Effect.gen(function*() {
          yield* wait(1000)
          watch.sent({ model: "m" }, 250, "gcp.gemini")
          yield* wait(500)
          watch.chunk()
          yield* wait(2000)
          watch.chunk()
          watch.ended(undefined)
        })
      )
      assert.deepStrictEqual(values, [
        ["wait", 0.25, {}],
        ["timeToFirstChunk", 0.5, {}],
        ["operationDuration", 3.5, { "error.type": undefined }]
      ])
    }))

  it.effect("the highest of each counter, tools with the input and thoughts with the output", () =>
    Effect.gen(function*() {
      const values = yield* measured((watch) =>
        does(() => {
          watch.used(counted({ promptTokens: 10, toolUsePromptTokens: 3, candidatesTokens: 1 }))
          watch.used(counted({ candidatesTokens: 20, thoughtsTokens: 4 }))
          watch.used(undefined)
          watch.ended("Overloaded")
        })
      )
      assert.deepStrictEqual(values, [
        ["operationDuration", 0, { "error.type": "Overloaded" }],
        ["tokenUsage", 13, { "gen_ai.token.type": "input" }],
        ["tokenUsage", 24, { "gen_ai.token.type": "output" }]
      ])
    }))

  it.effect("no tokens where none were counted, and none of an attempt that was tried again", () =>
    Effect.gen(function*() {
      const without = yield* measured((watch) => does(() => watch.ended(undefined)))
      assert.deepStrictEqual(without.map(([measure]) => measure), ["operationDuration"])
      const again = yield* measured((watch) =>
        does(() => {
          watch.used(counted({ promptTokens: 10 }))
          watch.retried(error())
          watch.ended(undefined)
        })
      )
      assert.deepStrictEqual(again, [
        ["retries", 1, { "error.type": "Overloaded" }],
        ["operationDuration", 0, { "error.type": undefined }]
      ])
    }))

  it.effect("a fallback where the model or the member is another, with what changed and why; else none", () =>
    Effect.gen(function*() {
      const values = yield* measured((watch) =>
        does(() => {
          watch.sent({ model: "a", member: "one" }, 0, "gcp.gemini")
          watch.sent({ model: "a", member: "one" }, 0, "gcp.gemini")
          watch.retried(error())
          watch.sent({ model: "b", member: "one" }, 0, "gcp.gemini")
          watch.sent({ model: "b", member: "two" }, 0, "gcp.gemini")
          watch.sent({ model: "c", member: "three" }, 0, "gcp.gemini")
        })
      )
      const fallback = (model: string | undefined, member: string | undefined) => ({
        "error.type": "Overloaded",
        "gemini.fallback.model": model,
        "gemini.member": member
      })
      assert.deepStrictEqual(values.filter(([measure]) => measure === "fallbacks"), [
        ["fallbacks", 1, fallback("b", undefined)],
        ["fallbacks", 1, fallback(undefined, "two")],
        ["fallbacks", 1, fallback("c", "three")]
      ])
    }))

  it.effect("a fallback to the other transport, whose names are the failed call's", () =>
    Effect.gen(function*() {
      const values: Array<Value> = []
      const recorder = CallMeasures.make((measure, value, attributes) => void values.push([measure, value, attributes]))
      yield* Effect.withFiber((fiber) =>
        does(() => recorder.fallback(fiber, { model: "b", transport: "live" }, error(), "gcp.vertex_ai"))
      )
      assert.deepStrictEqual(values, [["fallbacks", 1, {
        "gen_ai.provider.name": "gcp.vertex_ai",
        "gen_ai.request.model": "m",
        "error.type": "Overloaded",
        "gemini.transport": "live",
        "gemini.fallback.model": "b"
      }]])
    }))
})

describe("names in metrics", () => {
  const [known = ""] = ModelCatalog.known.models.keys()

  it("are those of the catalog and 64 others; the 65th and what follows is one", () => {
    const names = new ModelNames()
    const tuned = Array.from({ length: 66 }, (_, i) => `tuned-${i}`)
    assert.deepStrictEqual(tuned.map((name) => names.shown(name)), [...tuned.slice(0, 64), "other", "other"])
    assert.deepStrictEqual(["tuned-0", "tuned-63", "tuned-64", known].map((name) => names.shown(name)), [
      "tuned-0",
      "tuned-63",
      "other",
      known
    ])
  })

  it("of the catalog take no place", () => {
    const names = new ModelNames()
    for (const name of ModelCatalog.known.models.keys()) assert.strictEqual(names.shown(name), name)
    for (let i = 0; i < 64; i++) assert.strictEqual(names.shown(`tuned-${i}`), `tuned-${i}`)
    assert.strictEqual(names.shown("tuned-64"), "other")
  })

  it("are folded in both fields, and everything else stays", () => {
    const names = new ModelNames()
    const attributes = { "gen_ai.request.model": "a", "gemini.fallback.model": "b", "error.type": "c" }
    assert.strictEqual(names.folded(attributes), attributes)
    for (let i = 2; i < 64; i++) names.shown(`tuned-${i}`)
    assert.deepStrictEqual(
      names.folded({ "gen_ai.request.model": "x", "gemini.fallback.model": "y", "error.type": "z" }),
      { "gen_ai.request.model": "other", "gemini.fallback.model": "other", "error.type": "z" }
    )
    assert.deepStrictEqual(names.folded({ "gen_ai.request.model": undefined }), { "gen_ai.request.model": undefined })
  })
})

describe("an attempt's span", () => {
  it("names the server by its host and its port, given or by its protocol, and the member", () => {
    const at = (url: string, member?: string) => {
      const server = AttemptSpan.server({ baseUrl: url, provider: "gcp.vertex_ai" }, member)
      return [server["server.address"], server["server.port"], server["gemini.member"]]
    }
    assert.deepStrictEqual(at("https://a.example/x"), ["a.example", 443, undefined])
    assert.deepStrictEqual(at("http://a.example"), ["a.example", 80, undefined])
    assert.deepStrictEqual(at("http://a.example:8080", "one"), ["a.example", 8080, "one"])
    assert.deepStrictEqual(at("a.example"), [undefined, undefined, undefined])
    assert.strictEqual(AttemptSpan.server({ baseUrl: "a.example", provider: "p" })["gen_ai.provider.name"], "p")
    assert.notProperty(AttemptSpan.server({ baseUrl: "https://a.example", provider: "gcp.gemini" }), "gemini.member")
  })

  it("is called by the conventions' operation and the model, where there is one", () => {
    const names = ["generateContent", "generateContentStream", "embedContent", "batchEmbedContents", "countTokens"].map(
      (method) => AttemptSpan.name({ method, model: "m" })
    )
    assert.deepStrictEqual(names, [
      "generate_content m",
      "generate_content m",
      "embeddings m",
      "embeddings m",
      "countTokens m"
    ])
    assert.strictEqual(AttemptSpan.name({ method: "toString" }), "toString")
    assert.notProperty(AttemptSpan.attributes({ method: "models.list" }, "gcp.gemini"), "gen_ai.request.model")
  })

  const tokens = { promptTokenCount: 10, toolUsePromptTokenCount: 3, candidatesTokenCount: 20, thoughtsTokenCount: 4 }
  const usage = {
    "gen_ai.usage.input_tokens": 13,
    "gen_ai.usage.output_tokens": 24,
    "gen_ai.usage.cache_read.input_tokens": 7
  }
  const usageMetadata = { ...tokens, cachedContentTokenCount: 7 }

  it("says of an answer what it has, and of its tokens where no span outside does", () => {
    const said = (response: Parameters<typeof AttemptSpan.answered>[1], counts = true) => {
      const span = bareSpan()
      AttemptSpan.answered(span, response, undefined, counts)
      return Object.fromEntries(span.attributes)
    }
    assert.deepStrictEqual(said({ responseId: "r" }), { "gen_ai.response.id": "r" })
    assert.deepStrictEqual(said({ modelVersion: "m" }), { "gen_ai.response.model": "m" })
    assert.deepStrictEqual(said({ candidates: [{ finishReason: "STOP" }, {}, { finishReason: "SAFETY" }] }), {
      "gen_ai.response.finish_reasons": ["STOP", "SAFETY"]
    })
    assert.deepStrictEqual(said({ usageMetadata }), usage)
    assert.deepStrictEqual(said({ usageMetadata }, false), {})
    assert.deepStrictEqual(said({ candidates: [{}], responseId: null, modelVersion: null, usageMetadata: null }), {})
    assert.deepStrictEqual(said({ candidates: null }), {})
  })

  it("carries the counts of earlier chunks that a later one leaves out", () => {
    const span = bareSpan()
    const hear = AttemptSpan.hearAnswers(span, undefined, true)
    hear([{ usageMetadata: { promptTokenCount: 10, toolUsePromptTokenCount: 3, cachedContentTokenCount: 7 } }, {}])
    hear([{ usageMetadata: { candidatesTokenCount: 20, thoughtsTokenCount: 4 } }])
    assert.deepStrictEqual(Object.fromEntries(span.attributes), usage)
  })

  it("says of a failure its reason, its status and its tokens, as far as there are any", () => {
    const said = (exit: Parameters<typeof AttemptSpan.ended>[1], counts = true) => {
      const span = bareSpan()
      AttemptSpan.ended(span, exit, counts)
      return Object.fromEntries(span.attributes)
    }
    const used = counted({
      promptTokens: 10,
      toolUsePromptTokens: 3,
      candidatesTokens: 20,
      thoughtsTokens: 4,
      cachedTokens: 7
    })
    const type = { "error.type": "Overloaded" }
    assert.deepStrictEqual(said(Exit.void), {})
    assert.deepStrictEqual(said(Exit.interrupt()), {})
    assert.deepStrictEqual(said(Exit.fail(error())), type)
    assert.deepStrictEqual(said(Exit.fail(error(undefined, 503))), { ...type, "http.response.status_code": 503 })
    assert.deepStrictEqual(said(Exit.fail(error(used))), { ...type, ...usage })
    assert.deepStrictEqual(said(Exit.fail(error(used)), false), type)
  })
})
