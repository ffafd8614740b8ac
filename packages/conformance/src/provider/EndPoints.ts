/** Objects, refusals, broken answers, interruption, and what is written on spans. */
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { end, type Point } from "./Point.ts"
import * as ScriptedServer from "./ScriptedServer.ts"
import { type Answer, usage } from "./Turn.ts"

const schema = Schema.Struct({ name: Schema.String, since: Schema.DateFromString })
const object = LanguageModel.generateObject({ prompt: "x", schema, objectName: "person" })
const whole = LanguageModel.generateText({ prompt: "Hi" })
const stream = Stream.runCollect(LanguageModel.streamText({ prompt: "Hi" }))

const written = (text: string, finish?: Answer["finish"]): Answer => ({ says: [{ text }], finish })
const ada = JSON.stringify({ name: "Ada", since: "1843-01-01T00:00:00.000Z" })

// The last one may make a provider wait before it asks again.
const statuses = [400, 401, 403, 500, 503, 429]
const tags = "InvalidRequestError final, AuthenticationError final, AuthenticationError final, InternalProviderError " +
  "retryable, InternalProviderError retryable, RateLimitError retryable"
const refusals = statuses.map((status) => ({ status, words: "the server said this" }))

/** How it ended, without the reason's name: which one it is differs by what an API tells. */
const mayRetry = (ended: string): string => ended.slice(ended.lastIndexOf(" ") + 1)

/** Waits for a server that is asked, then stops waiting for its answer. */
const stopped = <A, E>(effect: Effect.Effect<A, E, LanguageModel.LanguageModel>) =>
  Effect.gen(function*() {
    const requests = yield* ScriptedServer.Server
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    while ((yield* requests).sent.length === 0) yield* Effect.yieldNow
    // The answer's first pieces may still be on their way.
    for (let turn = 0; turn < 200; turn++) yield* Effect.yieldNow
    yield* Fiber.interrupt(fiber)
    // The platform may take its time to tell the server.
    for (let turn = 0; turn < 200 && (yield* requests).aborted === 0; turn++) yield* Effect.yieldNow
    return `${(yield* requests).aborted} given up`
  })

const retryAfter = (error: unknown): string =>
  AiError.isAiError(error) && error.reason._tag === "RateLimitError" && error.reason.retryAfter !== undefined
    ? String(Duration.toMillis(error.reason.retryAfter))
    : "not told"

/** Everything that an error tells to whoever prints it. */
const everything = (error: unknown): string =>
  `${String(error)} ${JSON.stringify(error)} ${error instanceof Error ? error.stack : ""}`

/** The points of how calls end. */
export const endPoints: ReadonlyArray<Point> = [
  {
    name: "an object is decoded by its schema, which was sent",
    expected: "Ada Date true",
    script: [written(ada)],
    run: () =>
      Effect.gen(function*() {
        const { value } = yield* object
        return `${value.name} ${value.since instanceof Date ? "Date" : "text"} ${
          (yield* ScriptedServer.last).hasSchema
        }`
      })
  },
  {
    name: "an object that does not fit is worth another try",
    expected: "StructuredOutputError retryable",
    script: [written("{\"name\":1}")],
    run: () => end(object)
  },
  {
    name: "a text that is not an object is worth another try",
    expected: "StructuredOutputError retryable",
    script: [written("Sorry, I cannot.")],
    run: () => end(object)
  },
  {
    name: "an object that was blocked is not worth another try",
    expected: "final",
    script: [written("", "content-filter")],
    run: () => Effect.map(end(object), mayRetry)
  },
  {
    name: "an object that was cut is not worth another try",
    expected: "final",
    script: [written("{\"name\":\"A", "length")],
    run: () => Effect.map(end(object), mayRetry)
  },
  {
    name: "refusals are told by their kinds",
    expected: tags,
    script: refusals,
    run: () => Effect.map(Effect.forEach(statuses, () => end(whole)), (all) => all.join(", "))
  },
  {
    name: "refusals of a stream are told by the same kinds",
    expected: tags,
    script: refusals,
    run: () => Effect.map(Effect.forEach(statuses, () => end(stream)), (all) => all.join(", "))
  },
  {
    name: "a server's wait is told",
    expected: "7000",
    script: [{ status: 429, words: "slower", retryAfter: 7 }],
    run: () => Effect.map(Effect.flip(whole), retryAfter)
  },
  {
    name: "a server's words are told",
    expected: "the server said this",
    script: [{ status: 400, words: "the server said this" }],
    run: () =>
      Effect.map(Effect.flip(whole), (error) => /the server said this/.exec(everything(error))?.[0] ?? "not told")
  },
  {
    name: "an error never tells the key",
    expected: "kept",
    script: refusals.map((refusal) => ({ ...refusal, words: "no" })),
    run: ({ key }) =>
      Effect.map(
        Effect.forEach(statuses, () => Effect.flip(whole)),
        (all) => all.some((error) => everything(error).includes(key)) ? "told" : "kept"
      )
  },
  {
    name: "a body that is not the API's is a failure",
    expected: "failed failed",
    script: [{ raw: "<html></html>" }, { raw: "<html></html>" }],
    run: () =>
      Effect.map(
        Effect.all([end(whole), end(stream)]),
        (all) => all.map((ended) => ended === "success" || ended.startsWith("defect") ? ended : "failed").join(" ")
      )
  },
  {
    name: "a stream that breaks off is a failure, behind what came",
    expected: "began, failed",
    script: [{ cut: { says: [{ text: "Hel" }, { text: "lo" }, { text: "!" }] } }],
    run: () =>
      Effect.gen(function*() {
        let said = ""
        const ended = yield* end(
          LanguageModel.streamText({ prompt: "Hi" }).pipe(
            Stream.runForEach((part) =>
              Effect.sync(() => {
                if (part.type === "text-delta") said += part.delta
              })
            )
          )
        )
        // How much came lies with the API, which cuts a text as it likes.
        const began = said !== "" && "Hello!".startsWith(said) ? "began" : said
        return `${began}, ${ended === "success" ? ended : "failed"}`
      })
  },
  {
    name: "an interruption gives the request up",
    expected: "1 given up",
    script: ["hang"],
    run: () => stopped(whole)
  },
  {
    name: "an interruption gives a stream up that has begun",
    expected: "1 given up",
    script: [{ open: { says: [{ text: "Hel" }, { text: "lo" }, { text: "!" }] } }],
    run: () => stopped(stream)
  },
  {
    name: "tokens stand on one span, with the names of the conventions",
    expected: `chat named ${usage.input} ${usage.output}; 1 span`,
    script: [written("Hello.")],
    run: () =>
      Effect.gen(function*() {
        const spans: Array<Tracer.NativeSpan> = []
        const tracer = Tracer.make({
          span: (options) => {
            const span = new Tracer.NativeSpan(options)
            spans.push(span)
            return span
          }
        })
        yield* Effect.provideService(whole, Tracer.Tracer, tracer)
        const counted = spans.filter(({ attributes }) => attributes.has("gen_ai.usage.input_tokens"))
        const own = spans.find(({ name }) => name === "LanguageModel.generateText")?.attributes
        const model = own?.get("gen_ai.request.model")
        const told = ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"].map((name) => own?.get(name))
        return `${own?.get("gen_ai.operation.name")} ${typeof model === "string" ? "named" : "nameless"} ` +
          `${told.join(" ")}; ${counted.length} span`
      })
  }
]
