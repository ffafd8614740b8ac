/**
 * What is seen of calls and sessions, in memory: content only where it was asked for, calls that went another way, and
 * Live.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Fault from "effect-gemini-emulator/Fault"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as Members from "effect-gemini/Members"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Telemetry from "effect-gemini/Telemetry"
import * as Part from "effect-gemini/wire/Part"
import * as Tool from "effect-gemini/wire/Tool"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import * as SpanRecorder from "./spanRecorder.ts"

const model = "gemini-3.8-flash"
const live = "gemini-robotics-er-2-streaming-preview"
const canaryKey = "CANARY-KEY-5f2a9c"
const canaryPrompt = "CANARY-PROMPT-77e1b0"
const canaryAnswer = "CANARY-ANSWER-0d93"
const canarySystem = "CANARY-SYSTEM-be21"
const canaryCall = "CANARY-CALL-12aa"

const settings = { apiKey: Redacted.make(canaryKey), tier: "tier3" } as const

const services = (options: Emulator.Options = {}) =>
  GeminiClient.layer(settings).pipe(
    Layer.provideMerge(GeminiLive.layerTransport(settings)),
    Layer.provideMerge(GeminiLive.layer(settings)),
    Layer.provideMerge(Layer.merge(Emulator.layerMemory(options), RateLimiter.layer))
  )

type Context = Layer.Success<ReturnType<typeof services>>

/** Every span of a program, whole. */
const spansOf = Effect.fnUntraced(function*<A, E>(
  program: Effect.Effect<A, E, Context>,
  telemetry: Layer.Layer<never>,
  options?: Emulator.Options
) {
  const { spans, tracer } = SpanRecorder.make()
  const exit = yield* Effect.exit(program).pipe(
    Effect.provideService(Tracer.Tracer, tracer),
    Effect.provide(Layer.merge(services(options), telemetry), { local: true })
  )
  assert.isAbove(spans.length, 0)
  for (const span of spans) assert.strictEqual(span.status._tag, "Ended")
  return { exit, spans }
})

const exported = (spans: ReadonlyArray<Tracer.NativeSpan>): string =>
  JSON.stringify(spans.map((span) => [span.name, [...span.attributes], span.events, span.links]))

const attributes = (spans: ReadonlyArray<Tracer.NativeSpan>, name: string): ReadonlyArray<unknown> =>
  spans.flatMap((span) => {
    const value = span.attributes.get(name)
    return typeof value === "string" ? [JSON.parse(value)] : []
  })

const request = {
  model,
  systemInstruction: canarySystem,
  contents: [
    { role: "user", parts: [Part.text(canaryPrompt), Part.image(Uint8Array.of(67, 65, 78))] },
    {
      role: "model",
      parts: [Part.functionCall("look_up", { about: canaryCall }, { id: "1", thoughtSignature: "c2ln" })]
    },
    { role: "user", parts: [Part.functionResponse({ name: "look_up", id: "1" }, { found: canaryCall })] }
  ]
}

/** Calls of every kind, and a session. */
const everything = Effect.scoped(Effect.gen(function*() {
  const gemini = yield* GeminiClient.GeminiClient
  yield* gemini.generate(request)
  yield* Stream.runDrain(gemini.generateStream(request))
  yield* gemini.countTokens(request)
  yield* gemini.embed({ model: "gemini-embedding-001", contents: [canaryPrompt] })
  yield* Effect.exit(gemini.generate({ ...request, generationConfig: { topP: 9 } }))
  const sessions = yield* GeminiLive.GeminiLive
  const session = yield* sessions.connect({ model: live, systemInstruction: canarySystem })
  yield* session.ask(`emulator:say ${canaryAnswer} to ${canaryPrompt}`)
}))

const says: Emulator.Options = {
  answers: ({ method }) => method.endsWith("enerateContent") ? canaryAnswer : undefined
}

describe("what is said", () => {
  it.effect("is nowhere unless it was asked for: neither by default nor with metrics", () =>
    Effect.gen(function*() {
      for (const telemetry of [Layer.empty, Telemetry.layer]) {
        const { exit, spans } = yield* spansOf(everything, telemetry, says)
        assert.isTrue(Exit.isSuccess(exit), String(exit))
        for (const canary of [canaryKey, canaryPrompt, canaryAnswer, canarySystem, canaryCall, "Q0FO"]) {
          assert.notInclude(exported(spans), canary)
        }
        assert.notInclude(JSON.stringify(yield* Metric.snapshot), "CANARY")
      }
    }))

  it.effect("is on the attempts' spans when it was, but for keys and bytes", () =>
    Effect.gen(function*() {
      const { spans } = yield* spansOf(everything, Telemetry.layerContent(), says)
      for (const canary of [canaryPrompt, canaryAnswer, canarySystem, canaryCall]) {
        assert.include(exported(spans), canary)
      }
      for (const canary of [canaryKey, "Q0FO"]) assert.notInclude(exported(spans), canary)
      const written = spans.filter((span) => [...span.attributes.keys()].some((key) => key.includes("messages")))
      // What was refused too; not what was counted, embedded, or said in a session.
      assert.deepStrictEqual(written.map(({ kind, name }) => [kind, name]), [
        ["client", `generate_content ${model}`],
        ["client", `generate_content ${model}`],
        ["client", `generate_content ${model}`]
      ])
      const input = [
        {
          role: "user",
          parts: [
            { type: "text", content: canaryPrompt },
            { type: "blob", modality: "image", mime_type: "image/png", content: "" }
          ]
        },
        {
          role: "assistant",
          parts: [{ type: "tool_call", id: "1", name: "look_up", arguments: { about: canaryCall } }]
        },
        {
          role: "tool",
          parts: [{ type: "tool_call_response", id: "1", name: "look_up", response: { found: canaryCall } }]
        }
      ]
      assert.deepStrictEqual(attributes(spans, "gen_ai.input.messages"), [input, input, input])
      const system = [{ type: "text", content: canarySystem }]
      assert.deepStrictEqual(attributes(spans, "gen_ai.system_instructions"), [system, system, system])
      const output = [{
        role: "assistant",
        parts: [{ type: "text", content: canaryAnswer }],
        finish_reason: "stop"
      }]
      assert.deepStrictEqual(attributes(spans, "gen_ai.output.messages"), [output, output])
    }))

  it.effect("holds the bytes too where it is told to", () =>
    Effect.gen(function*() {
      const call = GeminiClient.GeminiClient.use((gemini) => gemini.generate(request))
      const { spans } = yield* spansOf(call, Telemetry.layerContent({ media: true }), says)
      assert.include(exported(spans), "Q0FO")
    }))

  it.effect("is a stream's words as one, thoughts apart, calls with their arguments, up to where it was cut", () =>
    Effect.gen(function*() {
      const tools = [Tool.functions([{ name: "look_up", parametersJsonSchema: { type: "object", properties: {} } }])]
      const ask = (contents: string) =>
        GeminiClient.GeminiClient.use((gemini) =>
          Stream.runDrain(gemini.generateStream({
            model,
            contents,
            tools,
            generationConfig: { thinkingConfig: { includeThoughts: true } }
          }, { retry: { attempts: 1 } }))
        )
      const { spans } = yield* spansOf(
        Effect.gen(function*() {
          yield* ask("emulator:words 40")
          yield* ask("emulator:call look_up {}")
          const { addFault } = yield* Emulator.Emulator
          yield* addFault({ cut: { chunks: 3 } })
          yield* Effect.exit(ask("emulator:words 40"))
        }),
        Telemetry.layerContent()
      )
      const said = attributes(spans, "gen_ai.output.messages").flat()
      const shapes = said.map((message) => {
        const { finish_reason, parts } = Object(message)
        return [finish_reason, ...parts.map(({ type }: { readonly type: string }) => type)]
      })
      assert.deepStrictEqual(shapes[0], ["stop", "reasoning", "text"])
      assert.strictEqual(shapes[1]?.[0], "tool_call")
      assert.strictEqual(shapes[1]?.at(-1), "tool_call")
      assert.strictEqual(shapes[2]?.[0], "error")
      const words = (i: number) => String(Object(said[i]).parts.at(-1).content).split(" ").length
      assert.strictEqual(words(0), 40)
      assert.isBelow(words(2), 40)
    }))
})

const snapshot = Effect.map(Metric.snapshot, (all) => {
  const out: Record<string, unknown> = {}
  for (const { attributes = {}, id, state, type } of all) {
    if (!/^gemini\.(?:client\.fallbacks|live)/.test(id)) continue
    const { "gen_ai.provider.name": _, "gen_ai.operation.name": __, "gen_ai.request.model": ___, ...rest } = attributes
    const name = [id, ...Object.entries(rest).toSorted().map(([key, value]) => `${key}=${value}`)].join(" ")
    out[name] = type === "Histogram"
      ? [Object(state).count, Object(state).sum]
      : Object(state).count
  }
  return out
})

const measured = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.provideService(Effect.provide(program, Telemetry.layer), Metric.MetricRegistry, new Map())

describe("another way", () => {
  it.effect("is counted where a call goes over the other transport, with why and where to", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const { addFault } = yield* Emulator.Emulator
      yield* addFault({ when: { method: "generateContent" }, status: 503 }, {
        when: { method: "streamGenerateContent" },
        status: 500
      })
      const options = { retry: { attempts: 1 }, fallback: { transport: "live", model: live } } as const
      yield* gemini.generate({ model, contents: "Hi" }, options)
      yield* Stream.runDrain(gemini.generateStream({ model, contents: "Hi" }, options))
      const to = `gemini.fallback.model=${live} gemini.transport=live`
      assert.deepInclude(yield* snapshot, {
        [`gemini.client.fallbacks error.type=Overloaded ${to}`]: 1,
        [`gemini.client.fallbacks error.type=ServerError ${to}`]: 1
      })
    }).pipe(
      measured,
      Effect.provide(services())
    ))

  it.effect("is counted for each member and model that an attempt goes on to", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const { addFault } = yield* Emulator.Emulator
      yield* addFault(Fault.overload(model))
      const call = yield* Effect.forkChild(gemini.generate({ model, contents: "Hi" }), { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      const { attempts } = yield* Fiber.join(call)
      assert.deepStrictEqual(attempts.map(({ member, model }) => [member, model]), [
        ["a", model],
        ["b", model],
        ["a", "gemini-3.5-flash-lite"]
      ])
      assert.deepStrictEqual(yield* snapshot, {
        "gemini.client.fallbacks error.type=Overloaded gemini.member=b": 1,
        "gemini.client.fallbacks error.type=Overloaded gemini.fallback.model=gemini-3.5-flash-lite gemini.member=a": 1
      })
    }).pipe(
      measured,
      Effect.provide(
        Members.layer({
          tier: "tier3",
          members: [
            { name: "a", apiKey: Redacted.make("key-a") },
            { name: "b", apiKey: Redacted.make("key-b") }
          ],
          fallbackModels: ["gemini-3.5-flash-lite"]
        }).pipe(Layer.provideMerge(Emulator.layerHttpClient()))
      )
    ))
})

describe("a Live session", () => {
  const connect = GeminiLive.GeminiLive.use((sessions) =>
    sessions.connect({ model: live, ping: false, reconnect: { schedule: Schedule.spaced("2 seconds") } })
  )

  it.effect("is counted while it is open, measured at its end, with its reconnects and the wait for each answer", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* Effect.scoped(Effect.gen(function*() {
        const session = yield* connect
        const other = yield* connect
        assert.deepStrictEqual(yield* snapshot, { "gemini.live.sessions": 2 })
        const asking = yield* Effect.forkChild(session.ask("Hi"), { startImmediately: true })
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(asking)
        const streaming = yield* Effect.forkChild(Stream.runDrain(other.sendTextStream("Hi")), {
          startImmediately: true
        })
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(streaming)
        assert.deepStrictEqual(yield* snapshot, {
          "gemini.live.sessions": 2,
          "gemini.live.time_to_first_chunk": [2, 1]
        })
        yield* emulator.live.drop
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* session.status)._tag, "Open")
        yield* TestClock.adjust("2 seconds")
      }))
      assert.deepStrictEqual(yield* snapshot, {
        "gemini.live.sessions": 0,
        "gemini.live.time_to_first_chunk": [2, 1],
        "gemini.live.reconnects": 2,
        "gemini.live.session.duration": [2, 20]
      })
    }).pipe(
      measured,
      Effect.provide(services({ answers: () => ({ text: "Hello", delay: 500 }) }))
    ))

  it.effect("that is lost says why", () =>
    Effect.gen(function*() {
      const { live: server } = yield* Emulator.Emulator
      yield* Effect.scoped(Effect.gen(function*() {
        const sessions = yield* GeminiLive.GeminiLive
        const session = yield* sessions.connect({ model: live, ping: false })
        yield* TestClock.adjust("7 seconds")
        yield* server.drop
        yield* Stream.runDrain(session.statusChanges)
      }))
      assert.deepStrictEqual(yield* snapshot, {
        "gemini.live.sessions": 0,
        "gemini.live.session.duration error.type=Interrupted": [1, 7]
      })
    }).pipe(measured, Effect.provide(services())))

  it.effect("that nobody measures is not", () =>
    Effect.gen(function*() {
      yield* Effect.scoped(connect)
      assert.deepStrictEqual(yield* snapshot, {})
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()), Effect.provide(services())))
})
