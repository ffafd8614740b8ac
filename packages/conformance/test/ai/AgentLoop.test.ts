/** A loop around tools: what it tells the model, how it ends, and what a failure keeps. */
import { assert, describe, it } from "@effect/vitest"
import * as AgentLoop from "effect-gemini-ai/AgentLoop"
import { AgentLoopError } from "effect-gemini-ai/AgentLoopError"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { inspect } from "node:util"

const model = "gemini-3.8-flash"

class Broken extends Schema.TaggedError<Broken>("test/Broken")("Broken", { why: Schema.String }) {
  override get message(): string {
    return this.why
  }
}

const city = Schema.Struct({ city: Schema.String })

/** One of each failure mode, one that a person approves, and one that takes a while. */
const Kit = Toolkit.make(
  Tool.make("weather", { parameters: city, success: Schema.Finite, failure: Broken, failureMode: "return" }),
  Tool.make("strict", { parameters: city, success: Schema.Finite, failure: Broken }),
  Tool.make("ask first", { parameters: city, success: Schema.Finite, needsApproval: true }),
  Tool.make("slow", { success: Schema.String })
)

const ran: Array<string> = []

const handlers = Kit.toLayer({
  weather: ({ city }) => city === "Atlantis" ? Effect.fail(new Broken({ why: "sunk" })) : Effect.succeed(21),
  strict: ({ city }) => city === "Atlantis" ? Effect.fail(new Broken({ why: "sunk" })) : Effect.succeed(22),
  "ask first": () => Effect.succeed(23),
  slow: () =>
    Effect.gen(function*() {
      for (let i = 0; i < 20; i++) yield* Effect.yieldNow
      ran.push("slow")
      return "done"
    })
})

const services = Layer.provideMerge(
  handlers,
  GeminiLanguageModel.layer({ model }).pipe(
    Layer.provideMerge(GeminiClient.layer({ apiKey: Redacted.make("key"), tier: "tier3", retry: { attempts: 1 } })),
    Layer.provideMerge(Emulator.layerHttpClient())
  )
)

type Call = readonly [name: string, args: unknown]

const answer = (parts: ReadonlyArray<unknown>, finishReason = "STOP") => ({
  response: {
    candidates: [{ content: { role: "model", parts }, finishReason }],
    usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 10 }
  }
})

const calls = (...list: ReadonlyArray<Call>) =>
  answer(
    list.map(([name, args], i) => ({ functionCall: { name, args }, ...(i === 0 ? { thoughtSignature: "c2ln" } : {}) }))
  )

const said = (text: string) => answer([{ text }])

const script = (...replies: ReadonlyArray<ReturnType<typeof answer> & { readonly delay?: number }>) =>
  Emulator.Emulator.use(({ enqueue }) => enqueue(...replies))

const bodies = Effect.flatMap(
  Emulator.Emulator,
  ({ requests }) => Effect.map(requests, (entries) => entries.map(({ body }) => Object(body)))
)

/** A result as it goes to Gemini. */
interface Told {
  readonly name: string
  readonly response: { readonly output?: unknown; readonly error?: unknown }
}

const isTold = (value: unknown): value is Told => typeof value === "object" && value !== null && "response" in value

/** What the model was told of its calls, in the last request. */
const told = Effect.map(bodies, (all): ReadonlyArray<Told> => {
  const contents: ReadonlyArray<{ readonly parts: ReadonlyArray<object> }> = Object(all.at(-1)).contents ?? []
  return contents.flatMap(({ parts }) => parts.map((part) => Reflect.get(part, "functionResponse")).filter(isTold))
})

describe("calls that cannot be run are told to the model", () => {
  const mistakes: ReadonlyArray<readonly [name: string, call: Call, says: string]> = [
    [
      "an unknown name",
      ["forecast", {}],
      "there is no tool \"forecast\"; the tools are: weather, strict, ask first, slow"
    ],
    ["a name of another namespace", ["tools:weather", { city: "Rome" }], "there is no tool \"tools:weather\""],
    ["an empty name", ["", {}], "the call names no tool"],
    ["a name of every object", ["constructor", {}], "there is no tool \"constructor\""],
    ["a name of an object's prototype", ["__proto__", {}], "there is no tool \"__proto__\""],
    ["wrong arguments, of a tool that returns failures", ["weather", { city: { name: "Rome" } }], "Expected string"],
    ["wrong arguments, of a tool that fails", ["strict", { city: 5 }], "Expected string"],
    ["no arguments", ["strict", {}], "Missing key"],
    [
      "arguments of a megabyte",
      ["strict", { city: Array.from({ length: 100_000 }, () => "0123456789") }],
      "Expected string"
    ]
  ]
  for (const [name, call, says] of mistakes) {
    it.effect(`${name}: the run goes on to its answer`, () =>
      Effect.gen(function*() {
        yield* script(calls(call), said("done"))
        const result = yield* AgentLoop.run({ prompt: "go", toolkit: Kit })
        assert.deepInclude(result, { end: { _tag: "Answered", reason: "stop" }, text: "done", steps: 2, mistakes: 1 })
        const [response, ...more] = yield* told
        assert.deepStrictEqual(more, [])
        assert.include(String(response?.response.error), says)
        assert.isAtMost(JSON.stringify(response?.response).length, 2_200)
        // What comes back has a name, though the call had none.
        assert.notStrictEqual(response?.name, "")
      }).pipe(Effect.provide(services)))
  }

  it.effect("a namespace that Gemini made up is no mistake", () =>
    Effect.gen(function*() {
      yield* script(
        calls(["default_api:weather", { city: "Rome" }], ["default_api.strict", { city: "Rome" }]),
        said("done")
      )
      const result = yield* AgentLoop.run({ prompt: "go", toolkit: Kit })
      assert.strictEqual(result.mistakes, 0)
      const responses = yield* told
      assert.deepStrictEqual(
        responses.map(({ name, response }) => [name, response.output]),
        // The call goes back as it came, and its result under the same name.
        [["default_api:weather", 21], ["default_api.strict", 22]]
      )
    }).pipe(Effect.provide(services)))

  it.effect("arguments and results of any schema are JSON in the history, and what they are to the tool", () =>
    Effect.gen(function*() {
      const Dated = Toolkit.make(
        Tool.make("tomorrow", { parameters: Schema.Struct({ day: Schema.Date }), success: Schema.Date }),
        Tool.make("approved", {
          parameters: Schema.Struct({ day: Schema.Date }),
          success: Schema.Date,
          needsApproval: ({ day }) => day.getTime() > 0
        })
      )
      const next = ({ day }: { readonly day: Date }) => Effect.succeed(new Date(day.getTime() + 86_400_000))
      const args = { day: "2026-11-28T00:00:00.000Z" }
      yield* script(calls(["tomorrow", args], ["tomorrow", { day: "soon" }], ["approved", args]), said("done"))
      const { end, history, mistakes } = yield* AgentLoop.run({ prompt: "go", toolkit: Dated }).pipe(
        Effect.provide(Dated.toLayer({ tomorrow: next, approved: next }))
      )
      assert.deepStrictEqual([end._tag, mistakes], ["ApprovalNeeded", 1])
      const stored = JSON.stringify(history)
      assert.include(stored, "\"result\":\"2026-11-29T00:00:00.000Z\"")
      assert.include(stored, "\"day\":\"2026-11-28T00:00:00.000Z\"")
    }).pipe(Effect.provide(services)))

  it.effect("a mistake leaves the other calls of its step alone", () =>
    Effect.gen(function*() {
      ran.length = 0
      yield* script(calls(["nope", {}], ["slow", {}], ["weather", { city: "Rome" }]), said("done"))
      yield* AgentLoop.run({ prompt: "go", toolkit: Kit })
      assert.deepStrictEqual(ran, ["slow"])
      assert.deepStrictEqual(
        (yield* told).map(({ name, response }) => [name, response.output]),
        [["nope", undefined], ["slow", "done"], ["weather", 21]]
      )
    }).pipe(Effect.provide(services)))

  it.effect("so many times: above the bound the loop ends, at it it goes on", () =>
    Effect.gen(function*() {
      const wrong = calls(["nope", {}])
      for (
        const [mistakes, made, end] of [[0, 1, "MistakeLimit"], [1, 1, "Answered"], [1, 2, "MistakeLimit"]] as const
      ) {
        yield* script(...Array.from({ length: made }, () => wrong), said("done"))
        const before = (yield* bodies).length
        const result = yield* AgentLoop.run({ prompt: "go", toolkit: Kit, mistakes })
        assert.strictEqual(result.end._tag, end, `${made} of ${mistakes}`)
        assert.strictEqual(result.mistakes, made)
        if (end === "MistakeLimit") yield* AgentLoop.run({ prompt: "go", toolkit: Kit })
        assert.strictEqual((yield* bodies).length - before, made + 1)
      }
      // By default five.
      yield* script(...Array.from({ length: 9 }, () => wrong))
      assert.deepInclude((yield* AgentLoop.run({ prompt: "go", toolkit: Kit })).end, {
        _tag: "MistakeLimit",
        mistakes: 6
      })
    }).pipe(Effect.provide(services)))
})

describe("the bounds of a loop", () => {
  const loop = (options: Pick<AgentLoop.Options<{}, never, never>, "steps" | "time" | "tokens">) =>
    AgentLoop.run({ prompt: "go", toolkit: Kit, ...options })
  const again = calls(["weather", { city: "Rome" }])

  it.effect("on steps: so many and no more, at least one, and ten where none is given", () =>
    Effect.gen(function*() {
      for (const [steps, asked] of [[3, 3], [1, 1], [0, 1], [-2, 1], [undefined, 10]] as const) {
        const before = (yield* bodies).length
        yield* script(...Array.from({ length: asked }, () => again))
        const { end, steps: made } = yield* loop({ steps })
        assert.deepStrictEqual([end, made], [{ _tag: "StepLimit", limit: asked }, asked])
        assert.strictEqual((yield* bodies).length - before, asked)
      }
      yield* script(again, said("done"))
      assert.deepInclude(yield* loop({ steps: 2 }), {
        end: { _tag: "Answered", reason: "stop" },
        steps: 2,
        text: "done"
      })
    }).pipe(Effect.provide(services)))

  it.effect("on tokens: at the limit no further step begins, below it one does; each step uses ten", () =>
    Effect.gen(function*() {
      for (const [tokens, used] of [[9, 10], [10, 10], [11, 20], [20, 20], [0, 0]] as const) {
        yield* script(...Array.from({ length: used / 10 }, () => again))
        const { end, tokens: counted } = yield* loop({ tokens })
        assert.deepStrictEqual([end, counted], [{ _tag: "TokenLimit", used, limit: tokens }, used])
      }
    }).pipe(Effect.provide(services)))

  it.effect("on time: when it is over no further step begins, a moment before one does", () =>
    Effect.gen(function*() {
      for (const [delay, end] of [[999, "Answered"], [1000, "TimeLimit"], [1001, "TimeLimit"]] as const) {
        yield* script({ ...again, delay })
        if (end === "Answered") yield* script(said("done"))
        const fiber = yield* Effect.forkChild(loop({ time: "1 second" }))
        for (let i = 0; i < 50; i++) yield* Effect.yieldNow
        yield* TestClock.adjust(delay)
        const result = yield* Fiber.join(fiber)
        assert.strictEqual(result.end._tag, end, `${delay}`)
        if (result.end._tag === "TimeLimit") assert.strictEqual(Duration.toMillis(result.end.limit), 1000)
      }
    }).pipe(Effect.provide(services)))
})

describe("the end of a loop", () => {
  const ends: ReadonlyArray<readonly [name: string, last: ReturnType<typeof answer>, end: AgentLoop.End]> = [
    ["a text", said("done"), { _tag: "Answered", reason: "stop" }],
    ["nothing", answer([]), { _tag: "Empty", reason: "stop" }],
    ["an empty text", said(""), { _tag: "Empty", reason: "stop" }],
    ["a signature alone", answer([{ text: "", thoughtSignature: "c2ln" }]), { _tag: "Empty", reason: "stop" }],
    ["a thought alone", answer([{ text: "hm", thought: true }]), { _tag: "Empty", reason: "stop" }],
    ["nothing within the limit", answer([], "MAX_TOKENS"), { _tag: "Empty", reason: "length" }],
    [
      "an image",
      answer([{ inlineData: { mimeType: "image/png", data: "AAAA" } }]),
      { _tag: "Answered", reason: "stop" }
    ]
  ]
  for (const [name, last, end] of ends) {
    it.effect(`${name}, at once and after a tool: ${end._tag}`, () =>
      Effect.gen(function*() {
        yield* script(last, calls(["weather", { city: "Rome" }]), last)
        assert.deepStrictEqual((yield* AgentLoop.run({ prompt: "go", toolkit: Kit })).end, end)
        const after = yield* AgentLoop.run({ prompt: "go", toolkit: Kit })
        assert.deepStrictEqual([after.end, after.steps], [end, 2])
      }).pipe(Effect.provide(services)))
  }

  it.effect("a call that a person must approve waits, the others of the step are run; approved, it is run", () =>
    Effect.gen(function*() {
      yield* script(calls(["ask first", { city: "Rome" }], ["weather", { city: "Rome" }]), said("done"))
      const { end, history } = yield* AgentLoop.run({ prompt: "go", toolkit: Kit })
      assert.strictEqual(end._tag, "ApprovalNeeded")
      if (end._tag !== "ApprovalNeeded") return
      const [approvalId = ""] = end.approvalIds
      const approved = Prompt.concat(history, [
        { role: "tool", content: [{ type: "tool-approval-response", approvalId, approved: true }] }
      ])
      const result = yield* AgentLoop.run({ prompt: approved, toolkit: Kit })
      assert.deepStrictEqual(result.end, { _tag: "Answered", reason: "stop" })
      assert.sameDeepMembers((yield* told).map(({ response }) => response.output), [21, 23])
    }).pipe(Effect.provide(services)))

  it.effect("an answer that was cut runs none of its calls, and says so", () =>
    Effect.gen(function*() {
      ran.length = 0
      const cut = answer([{ functionCall: { name: "slow", args: {} }, thoughtSignature: "c2ln" }], "MAX_TOKENS")
      yield* script(cut, said("done"))
      yield* AgentLoop.run({ prompt: "go", toolkit: Kit })
      assert.deepStrictEqual(ran, [])
      assert.include(String((yield* told)[0]?.response.error), "not run")
    }).pipe(Effect.provide(services)))
})

describe("a failure", () => {
  const failed = (exit: Exit.Exit<unknown, unknown>): AgentLoopError<unknown> => {
    const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    assert.instanceOf(error, AgentLoopError)
    return error as AgentLoopError<unknown>
  }

  it.effect("of a tool lets the other tools of its step end, and keeps them all in the history", () =>
    Effect.gen(function*() {
      ran.length = 0
      yield* script(
        calls(["strict", { city: "Atlantis" }], ["slow", {}], ["weather", { city: "Atlantis" }]),
        said("back again")
      )
      const error = failed(yield* Effect.exit(AgentLoop.run({ prompt: "go", toolkit: Kit })))
      assert.instanceOf(error.cause, Broken)
      assert.deepInclude(error, { steps: 1, tokens: 10, message: "after 1 step: sunk" })
      assert.deepStrictEqual(ran, ["slow"])
      // Every call has a result in it: the next request is one that Gemini takes.
      const next = yield* AgentLoop.run({
        prompt: Prompt.concat(error.history, [{ role: "user", content: "go on" }]),
        toolkit: Kit
      })
      assert.strictEqual(next.text, "back again")
      assert.deepStrictEqual(
        (yield* told).map((
          { name, response }
        ) => [name, response.output ?? Object(response.error).why ?? response.error]),
        [["strict", "sunk"], ["slow", "done"], ["weather", "sunk"]]
      )
    }).pipe(Effect.provide(services)))

  it.effect("of the model keeps what was said and done before it", () =>
    Effect.gen(function*() {
      const { addFault } = yield* Emulator.Emulator
      const Last = Toolkit.make(Tool.make("last", { success: Schema.String }))
      yield* script(calls(["last", {}]))
      const error = failed(
        yield* Effect.exit(
          AgentLoop.run({ prompt: "go", toolkit: Last }).pipe(
            Effect.provide(Last.toLayer({ last: () => Effect.as(addFault({ status: 503 }), "done") }))
          )
        )
      )
      assert.strictEqual(error.steps, 1)
      assert.deepStrictEqual(error.history.content.map(({ role }) => role), ["user", "assistant", "tool"])
      assert.include(error.message, "after 1 step: ")
    }).pipe(Effect.provide(services)))

  it.effect("shows nobody what people wrote", () =>
    Effect.gen(function*() {
      yield* Emulator.Emulator.use(({ addFault }) => addFault({ status: 400 }))
      const secret = "the secret of the prompt"
      const error = failed(yield* Effect.exit(AgentLoop.run({ prompt: secret, toolkit: Kit })))
      assert.include(JSON.stringify(error.history), secret)
      for (const shown of [inspect(error, { depth: 20 }), JSON.stringify(error), String(error), error.stack ?? ""]) {
        assert.notInclude(shown, secret)
      }
    }).pipe(Effect.provide(services)))

  it.effect("to make the toolkit is its own", () =>
    Effect.gen(function*() {
      const toolkit = Effect.as(Effect.fail("no tools"), yield* Kit)
      assert.strictEqual(yield* Effect.flip(AgentLoop.run({ prompt: "go", toolkit })), "no tools")
    }).pipe(Effect.provide(services)))

  it.effect("that is a defect stays one, after the others have ended", () =>
    Effect.gen(function*() {
      ran.length = 0
      const Bad = Toolkit.make(Tool.make("dies", {}), Tool.make("slow", { success: Schema.String }))
      yield* script(calls(["dies", {}], ["slow", {}]))
      const exit = yield* Effect.exit(
        AgentLoop.run({ prompt: "go", toolkit: Bad }).pipe(Effect.provide(Bad.toLayer({
          dies: () => Effect.die("a defect"),
          slow: () => Effect.sync(() => (ran.push("slow"), "done"))
        })))
      )
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.deepStrictEqual(ran, ["slow"])
    }).pipe(Effect.provide(services)))
})
