/** What the client of one model asks of its members for each of its methods, and which calls wait together. */
import { assert, describe, it } from "@effect/vitest"
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import type { GeminiError } from "effect-gemini/GeminiError"
import { Call, type MemberCall } from "effect-gemini/members/MemberCall"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { CallGate } from "../../src/internal/call/CallGate.ts"
import * as Tally from "../../src/internal/limiter/tokenEstimate.ts"
import * as MemberClient from "../../src/internal/members/client.ts"
import type { Route } from "../../src/internal/members/Route.ts"
import { WaitingPlace } from "../../src/internal/members/WaitingRoom.ts"
import type { MemberState } from "../../src/internal/members/Way.ts"
import * as Lanes from "./scriptedLanes.ts"

const contents = [{ role: "user", parts: [{ text: "one two three" }] }]
const withCache = { contents, cachedContent: "cachedContents/c" }
const third = Result.getOrThrow(ModelId.parse("gemini-2.5-flash"))

interface Given {
  readonly members?: Readonly<Record<string, Partial<MemberState>>>
  readonly client?: Partial<MemberClient.Options["client"]>
  readonly options?: Partial<MemberClient.Options>
}

const make = Effect.fnUntraced(function*(given: Given = {}) {
  const { client, members = { a: {}, b: {} }, options } = given
  const lanes = yield* Lanes.make({}, { members })
  const { circuits, limiter, pace, refusals, table, turns } = lanes
  const own: MemberClient.Options = {
    model: Lanes.model,
    member: undefined,
    table,
    limiter,
    circuits,
    pace,
    turns,
    refusals,
    client: {
      target: Lanes.model,
      model: Lanes.model,
      gate: yield* CallGate.scoped(),
      retry: undefined,
      total: Infinity,
      ...client
    },
    fallbackModels: () => [],
    countInput: undefined,
    onWait: undefined,
    ...options
  }
  const made = MemberClient.make(own)
  const route = (question: Partial<MemberClient.Question> = {}, call: MemberCall = {}) =>
    made.route({ ...MemberClient.generation({ contents }, "generateContent", undefined), ...question }).pipe(
      Effect.provideService(Call, call)
    )
  return { made, route, lanes }
})

const ways = (route: Route) => route.ask.ways.map(({ member, model }) => `${member.name}/${model}`)

describe("what a call asks", () => {
  it.effect("has a default for all that it does not say", () =>
    Effect.gen(function*() {
      const { lanes, route } = yield* make()
      const { ask, patience, shared } = yield* route()
      const { asks, tokens, ways: _, ...rest } = ask
      assert.deepStrictEqual(rest, {
        method: "generateContent",
        family: "generate",
        model: Lanes.model,
        counted: undefined,
        options: undefined,
        caller: "",
        avoid: [],
        sticky: undefined,
        isNamed: false,
        isHeld: false,
        attempts: 3,
        total: Infinity
      })
      assert.isDefined(asks)
      assert.deepStrictEqual(tokens(), Tally.estimateOf({ contents }))
      assert.strictEqual(patience, 60_000)
      assert.strictEqual(shared.table, lanes.table)
      assert.isUndefined(shared.onWait)
    }))

  it.effect("is what its options and what is set around it say", () =>
    Effect.gen(function*() {
      const onWait = () => Effect.void
      const { lanes, route } = yield* make({
        client: { retry: { attempts: 9, maxDelay: "5 seconds" }, total: 7_000 },
        options: { onWait }
      })
      lanes.table.owners.set("cachedContents/c", "b")
      const options: CallOptions = { timeouts: { total: "3 seconds" }, retry: { maxDelay: "2 seconds" } }
      const call: MemberCall = { caller: "me", member: "b", sticky: "s", avoid: ["a"] }
      const question = MemberClient.generation(withCache, "generateContentStream", options)
      const route1 = yield* route(question, call)
      const { asks: _1, tokens: _2, ways: _3, ...rest } = route1.ask
      assert.deepStrictEqual(rest, {
        method: "generateContentStream",
        family: "generate",
        model: Lanes.model,
        counted: undefined,
        options,
        caller: "me",
        avoid: ["a"],
        sticky: "s",
        isNamed: true,
        isHeld: true,
        // The policy names a number.
        attempts: undefined,
        total: 3_000
      })
      assert.deepStrictEqual(ways(route1), [`b/${Lanes.model}`])
      assert.strictEqual(route1.patience, 2_000)
      assert.strictEqual(route1.shared.onWait, onWait)
      const route2 = yield* route()
      assert.deepStrictEqual([route2.ask.total, route2.patience, route2.ask.attempts], [7_000, 5_000, undefined])
    }))

  it.effect("is of the client's own member, whatever is set around it", () =>
    Effect.gen(function*() {
      const { route } = yield* make({ options: { member: "b" } })
      const { ask } = yield* route({}, { member: "a" })
      assert.strictEqual(ask.isNamed, true)
      assert.deepStrictEqual(ask.ways.map(({ member }) => member.name), ["b"])
    }))

  it.effect("is of Live where another transport carries it", () =>
    Effect.gen(function*() {
      const { lanes } = yield* make()
      const transport = lanes.way(0).member.http
      const question = MemberClient.generation({ contents }, "m", undefined, transport)
      assert.strictEqual(question.family, "live")
      assert.strictEqual(MemberClient.generation({ contents }, "m", undefined).family, "generate")
    }))

  it.effect("is as many attempts as there are members and models, three at least, unless somebody names a number", () =>
    Effect.gen(function*() {
      const five = { a: {}, b: {}, c: {}, d: {}, e: {} }
      const rows: ReadonlyArray<readonly [Given, MemberCall, CallOptions | undefined, number | undefined]> = [
        [{}, {}, undefined, 3],
        [{ members: five }, {}, undefined, 5],
        [{ members: five }, { member: "a" }, undefined, 3],
        [{ members: five }, { fallbackModels: [Lanes.other, third] }, undefined, 7],
        [{ members: five }, {}, { retry: {} }, 5],
        [{ members: five }, {}, { retry: { attempts: 2 } }, undefined],
        [{ members: five, client: { retry: { attempts: 2 } } }, {}, undefined, undefined],
        [{ members: five, client: { retry: { maxDelay: 1 } } }, {}, undefined, 5]
      ]
      for (const [given, call, options, attempts] of rows) {
        const { route } = yield* make(given)
        assert.strictEqual((yield* route({ options }, call)).ask.attempts, attempts)
      }
    }))
})

describe("the models that may answer", () => {
  it.effect("are the one that was asked, then those to fall back to, each once, at every member", () =>
    Effect.gen(function*() {
      const { route } = yield* make({ options: { fallbackModels: () => [Lanes.other, Lanes.model, Lanes.other] } })
      const all = [`a/${Lanes.model}`, `b/${Lanes.model}`, `a/${Lanes.other}`, `b/${Lanes.other}`]
      assert.deepStrictEqual(ways(yield* route()), all)
      assert.deepStrictEqual(ways(yield* route({}, { fallbackModels: [`models/${third}`] })), [
        `a/${Lanes.model}`,
        `b/${Lanes.model}`,
        `a/${third}`,
        `b/${third}`
      ])
      assert.deepStrictEqual(ways(yield* route({}, { fallbackModels: [], member: "b" })), [`b/${Lanes.model}`])
      // The same ways are the same for every call: they keep what is learnt.
      assert.strictEqual((yield* route()).ask.ways, (yield* route()).ask.ways)
      assert.strictEqual((yield* route()).ask.ways[1], (yield* route({}, { member: "b" })).ask.ways[0])
    }))

  it.effect("are names of models, else the call is refused", () =>
    Effect.gen(function*() {
      const { route } = yield* make()
      const error = yield* Effect.flip(route({}, { fallbackModels: [Lanes.other, "no name!"] }))
      assert.strictEqual(error.reason._tag === "InvalidRequest" ? error.reason.fields[0]?.field : "", "fallbackModels")
      assert.deepStrictEqual([error.method, error.model, error.attempts], ["generateContent", Lanes.model, []])
    }))

  it.effect("is the one alone where another's answer would be worth nothing", () =>
    Effect.gen(function*() {
      const { lanes, made } = yield* make({ options: { fallbackModels: () => ["no name!"] } })
      lanes.table.owners.set("cachedContents/c", "b")
      // A name that is none would be refused, if it were looked at.
      yield* made.route(MemberClient.generation(withCache, "generateContent", undefined))
      const asked = MemberClient.generation({ contents }, "generateContent", undefined)
      assert.strictEqual(asked.isFree, true)
      assert.strictEqual((yield* Effect.flip(made.route(asked))).reason._tag, "InvalidRequest")
    }))
})

describe("what the API of a member does not have", () => {
  const unsupported = (what: string) => new Reason.Unsupported({ capability: what })
  const lacking = (what: string): MemberState["lacks"] => ({ body, method }) =>
    JSON.stringify([method, body]).includes(what) ? unsupported(what) : undefined

  it.effect("is asked of the others, and refused where nobody has it", () =>
    Effect.gen(function*() {
      const [one, two] = [lacking("alpha"), lacking("beta")]
      const { route } = yield* make({ members: { a: { lacks: one }, b: { lacks: two }, c: { lacks: one } } })
      const ask = (text: string, call: MemberCall = {}) => {
        const request = { contents: [{ role: "user", parts: [{ text }] }] }
        return Effect.map(route(MemberClient.generation(request, "generateContent", undefined), call), (route) =>
          route.ask.ways.map(({ member }) => member.name).join(""))
      }
      assert.strictEqual(yield* ask("neither"), "abc")
      assert.strictEqual(yield* ask("alpha"), "b")
      assert.strictEqual(yield* ask("beta"), "ac")
      const error = yield* Effect.flip(ask("alpha beta"))
      assert.deepStrictEqual(error.reason, unsupported("alpha"))
      assert.deepStrictEqual((yield* Effect.flip(ask("beta", { member: "b" }))).reason, unsupported("beta"))
      assert.strictEqual((yield* Effect.flip(ask("x", { member: "z" }))).reason._tag, "InvalidRequest")
    }))
})

describe("the tokens of the input", () => {
  const file = { role: "user", parts: [{ fileData: { fileUri: "https://example.test/video", mimeType: "video/mp4" } }] }
  const guessed = (options: CallOptions | undefined) =>
    MemberClient.generation({ contents: [file] }, "generateContent", options)

  it.effect("are counted by the server first where the call or the client says so, and the call's word is the last", () =>
    Effect.gen(function*() {
      for (
        const [client, call, isCounted] of [
          [undefined, undefined, false],
          ["server", undefined, true],
          [undefined, "server", true],
          ["server", "estimate", false],
          ["estimate", undefined, false]
        ] as const
      ) {
        const { route } = yield* make({ options: { countInput: client } })
        const { ask } = yield* route(guessed(call === undefined ? undefined : { countInput: call }))
        assert.strictEqual(ask.counted !== undefined, isCounted, `${client} ${call}`)
      }
      const { route } = yield* make({ options: { countInput: "server" } })
      // What can be estimated is not counted, and what is no generation has nothing to count.
      assert.isUndefined((yield* route()).ask.counted)
      const { ask } = yield* route({ ...guessed(undefined), request: undefined })
      assert.deepStrictEqual([ask.counted, ask.asks], [undefined, undefined])
    }))

  it.effect("are what a lane has to know of this request, where it asks", () =>
    Effect.gen(function*() {
      const { route } = yield* make()
      const { ask } = yield* route()
      const [, way] = ask.ways
      const asks = way === undefined ? undefined : ask.asks?.(way)
      assert.deepStrictEqual(asks?.request, { contents })
      assert.isTrue(Effect.isEffect(asks?.count({ contents })))
    }))
})

describe("each method", () => {
  it.effect("asks the lane of its family, for what it costs there", () =>
    Effect.gen(function*() {
      const { lanes, made } = yield* make()
      const like = { contents }
      const embedded = { requests: [{ model: `models/${Lanes.model}`, content: { parts: [{ text: "one" }] } }] }
      const calls = [
        made.generate(like),
        Stream.runDrain(made.generateStream(like)),
        made.countTokens(like),
        made.countTokens({ generateContentRequest: { ...like, model: `models/${Lanes.model}` } }),
        made.embed(embedded)
      ]
      for (const call of calls) {
        yield* Effect.flatMap(Effect.forkChild(Effect.asVoid(call), { startImmediately: true }), Fiber.interrupt)
      }
      assert.deepStrictEqual(
        lanes.admissions.map(({ lane: { family }, method, tokens }) => [method, family, Number(tokens) > 0]),
        [
          ["generateContent", "generate", true],
          ["generateContentStream", "generate", true],
          ["countTokens", "count", false],
          ["countTokens", "count", false],
          ["batchEmbedContents", "embed", true]
        ]
      )
    }))

  it.effect("goes where that is which its request names", () =>
    Effect.gen(function*() {
      const { lanes, made } = yield* make()
      const fieldOf = <A>(call: Effect.Effect<A, GeminiError>) =>
        Effect.map(Effect.flip(call), ({ reason }) => reason._tag === "InvalidRequest" ? reason.fields[0]?.field : "")
      const file = [{ role: "user", parts: [{ fileData: { fileUri: "files/f" } }] }]
      const generateContentRequest = { ...withCache, model: `models/${Lanes.model}` }
      assert.strictEqual(yield* fieldOf(made.generate(withCache)), "cachedContent")
      assert.strictEqual(yield* fieldOf(made.countTokens({ generateContentRequest })), "cachedContent")
      const uri = "contents[0].parts[0].fileData.fileUri"
      assert.strictEqual(yield* fieldOf(made.countTokens({ contents: file })), uri)
      assert.strictEqual(
        yield* fieldOf(
          made.countTokens({
            generateContentRequest: { ...generateContentRequest, cachedContent: null, contents: file }
          })
        ),
        uri
      )
      assert.deepStrictEqual(lanes.admissions, [])
    }))
})

describe("calls wait together", () => {
  it.effect("where they can go the same ways and wait for the same things, and with no others", () =>
    Effect.gen(function*() {
      const { route } = yield* make({ members: { a: {}, b: {}, c: {} } })
      const ask = (options?: CallOptions, call: MemberCall = {}, family: "generate" | "live" = "generate") =>
        Effect.map(route({ options, family }, call), ({ shared }) => shared.room)
      const plain = yield* ask()
      plain.enter(new WaitingPlace("", false))
      const rooms = [
        plain,
        yield* ask(undefined, {}, "live"),
        yield* ask({ whenExhausted: "wait" }),
        yield* ask({ limits: { rpm: 1 } }),
        yield* ask({ limits: { rpm: 2 } }),
        yield* ask({ tier: "tier1" }),
        yield* ask({ tier: "tier1", limits: { rpm: 1 } }),
        yield* ask(undefined, { fallbackModels: [Lanes.other] }),
        yield* ask(undefined, { member: "a" }),
        yield* ask(undefined, { member: "b" })
      ]
      assert.strictEqual(new Set(rooms).size, rooms.length)
      const same = [
        yield* ask({}),
        yield* ask({ whenExhausted: "fail" }),
        yield* ask({ maxWait: 1, priority: "batch" }),
        yield* ask(undefined, { caller: "me", avoid: ["a"], sticky: "s", fallbackModels: [] })
      ]
      assert.deepStrictEqual(new Set(same), new Set([plain]))
      assert.strictEqual(yield* ask({ limits: { rpm: 1 } }), rooms[3])
      assert.strictEqual(yield* ask(undefined, { member: "b" }), rooms[9])
    }))

  it.effect("in at most 256 rooms, of which one where somebody waits is never forgotten", () =>
    Effect.gen(function*() {
      const { route } = yield* make()
      const room = (rpm: number) => Effect.map(route({ options: { limits: { rpm } } }), ({ shared }) => shared.room)
      const [busy, idle] = [yield* room(1), yield* room(2)]
      busy.enter(new WaitingPlace("", false))
      for (let rpm = 3; rpm <= 256; rpm++) yield* room(rpm)
      assert.strictEqual(yield* room(2), idle)
      yield* room(257)
      assert.strictEqual(yield* room(1), busy)
      assert.notStrictEqual(yield* room(2), idle)
    }))
})

it.effect("at most 1,024 ways are kept, and one that was forgotten is made anew", () =>
  Effect.gen(function*() {
    const { route } = yield* make({ members: { a: {} } })
    const first = (yield* route()).ask.ways[0]
    const other = (name: string) => route({}, { fallbackModels: [name] })
    for (let nth = 1; nth < 1_024; nth++) yield* other(`gemini-x${nth}`)
    assert.strictEqual((yield* route()).ask.ways[0], first)
    yield* other("gemini-y")
    assert.notStrictEqual((yield* route()).ask.ways[0], first)
  }))
