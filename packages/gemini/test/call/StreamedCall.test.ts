/** A streamed call at its edges: what is settled and charged, and what is given back at every end. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { CallOptions } from "../../src/call/CallOptions.ts"
import * as Reason from "../../src/errors/GeminiErrorReason.ts"
import { GeminiError } from "../../src/GeminiError.ts"
import { CallGate } from "../../src/internal/call/CallGate.ts"
import type { Plan } from "../../src/internal/call/LogicalCall.ts"
import { stream } from "../../src/internal/call/streamedCall.ts"

interface Chunk {
  readonly text?: string
  readonly tokens?: number
  readonly finish?: string
}

const failed = (reason: Reason.GeminiErrorReason, retryAfter?: number) =>
  new GeminiError({
    method: "generateContentStream",
    attempts: [],
    reason,
    ...(retryAfter === undefined ? {} : { retryAfter: Duration.millis(retryAfter) })
  })
const busy = failed(new Reason.Overloaded({ description: "busy" }), 100)
const broken = failed(new Reason.Network({ description: "reset" }))
const wrong = failed(new Reason.InvalidRequest({ fields: [] }))
const blocked = failed(new Reason.PromptBlocked({ blockReason: "SAFETY" }))

interface Options {
  /** What comes of each attempt, in order. */
  readonly sources: ReadonlyArray<Stream.Stream<Chunk, GeminiError>>
  /** Whether a source is silent behind its chunks until its connection is closed, which wakes its reader. */
  readonly hangs?: boolean
  readonly permit?: Effect.Effect<void, GeminiError>
  readonly options?: CallOptions
  readonly total?: number
  readonly isFree?: boolean
  readonly rejection?: Plan<Chunk>["rejection"]
}

/** One call, and all that it took and gave back, in order. */
const make = (
  { hangs = false, isFree = false, options, permit = Effect.void, rejection, sources, total = Infinity }: Options
) => {
  const log: Array<string> = []
  const held = { permits: 0, connections: 0 }
  const gate = new CallGate()
  const note = (line: string) => Effect.sync(() => void log.push(line))
  let attempts = 0
  const plan: Plan<Chunk> = {
    method: "generateContentStream",
    options,
    meter: {
      use: () => Effect.die("a stream acquires its permits"),
      acquire: Effect.gen(function*() {
        const scope = yield* Effect.scope
        yield* permit
        yield* Scope.addFinalizer(scope, Effect.andThen(note("permit ended"), Effect.sync(() => void held.permits--)))
        held.permits++
        return {
          settle: (tokens) => note(`settled ${tokens}`),
          cancel: note("cancelled"),
          ...(isFree ? {} : { charge: (answer: object) => void log.push(`charged ${Object.values(answer).join()}`) })
        }
      }),
      learn: (error) => Effect.as(note(`learnt ${error.reason._tag}`), error)
    },
    inputTokens: ({ tokens }) => tokens,
    charged: ({ text = "" }) => ({ modelVersion: text }),
    isFinished: ({ finish }) => finish !== undefined,
    says: ({ text }) => text !== undefined,
    rejection: rejection ?? (() => undefined)
  }
  const connection = Effect.acquireRelease(
    Effect.sync(() => {
      held.connections++
      return Deferred.makeUnsafe<never, GeminiError>()
    }),
    (cut) =>
      Effect.andThen(
        note("connection closed"),
        Effect.sync(() => {
          held.connections--
          Deferred.doneUnsafe(cut, Effect.fail(broken))
        })
      )
  )
  const answers = stream(
    { target: "m", model: undefined, gate, retry: { attempts: 3 }, total },
    plan,
    () =>
      Stream.unwrap(Effect.map(connection, (cut) => {
        const source = sources[attempts++] ?? Stream.never
        return hangs ? Stream.concat(source, Stream.fromEffect(Deferred.await(cut))) : source
      }))
  )
  return { log, held, gate, answers, rest: () => ({ ...held, calls: gate.size }) }
}

const nothing = { permits: 0, connections: 0, calls: 0 }
const chunks = (...given: ReadonlyArray<Chunk>) => Stream.rechunk(Stream.fromIterable(given), 1)
const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

describe("what a stream settles", () => {
  it.effect("is each new count of the server, once, and the last of those that came together", () =>
    Effect.gen(function*() {
      const { answers, log, rest } = make({
        isFree: true,
        sources: [Stream.concat(
          chunks({ text: "a" }, { text: "b", tokens: 5 }, { text: "c", tokens: 5 }, { text: "d" }),
          Stream.fromArray<Chunk>([{ tokens: 6 }, { tokens: 7 }, { text: "e" }])
        )]
      })
      assert.strictEqual((yield* Stream.runCollect(answers)).length, 7)
      assert.deepStrictEqual(log, ["settled 5", "settled 7", "connection closed", "permit ended"])
      assert.deepStrictEqual(rest(), nothing)
    }))

  it.effect("is settled before its reader has the chunk, which may be the last that it takes", () =>
    Effect.gen(function*() {
      const { answers, log } = make({ isFree: true, sources: [chunks({ tokens: 5 }, { tokens: 6 })] })
      yield* Stream.runForEach(Stream.take(answers, 1), () => Effect.sync(() => void log.push("read")))
      assert.deepStrictEqual(log, ["settled 5", "read", "connection closed", "permit ended"])
    }))

  it.effect("begins anew with each attempt", () =>
    Effect.gen(function*() {
      const { answers, log } = make({ isFree: true, sources: [Stream.fail(busy), chunks({ tokens: 5 })] })
      const call = yield* start(Stream.runDrain(answers))
      yield* TestClock.adjust(100)
      yield* Fiber.join(call)
      assert.deepStrictEqual(log, [
        "connection closed",
        "permit ended",
        "learnt Overloaded",
        "settled 5",
        "connection closed",
        "permit ended"
      ])
    }))

  it.effect("each chunk is charged, those that came together too, to a permit that is told", () =>
    Effect.gen(function*() {
      const { answers, log } = make({ sources: [Stream.fromArray<Chunk>([{ text: "a" }, { text: "b", tokens: 1 }])] })
      yield* Stream.runDrain(answers)
      assert.deepStrictEqual(log.slice(0, 3), ["charged a", "charged b", "settled 1"])
    }))
})

describe("what a stream gives back", () => {
  const never = Stream.never
  interface End {
    readonly name: string
    readonly options: Options
    /** What the log ends with: the permit and the connection are given back, in that order of need. */
    readonly log: ReadonlyArray<string>
    readonly tag: string | undefined
  }
  const ends: ReadonlyArray<End> = [
    {
      name: "at its end",
      options: { sources: [chunks({})] },
      log: ["connection closed", "permit ended"],
      tag: undefined
    },
    {
      name: "where the server refuses it",
      options: { sources: [Stream.fail(blocked)] },
      log: ["connection closed", "permit ended", "learnt PromptBlocked"],
      tag: "PromptBlocked"
    },
    {
      name: "where it breaks behind its first chunk, and nothing is tried again",
      options: { sources: [Stream.concat(chunks({}), Stream.fail(broken)), chunks({})] },
      log: ["learnt Network", "connection closed", "permit ended"],
      tag: "Network"
    },
    {
      name: "where nothing left this process: whole, and nothing is learnt",
      options: { sources: [Stream.fail(wrong)] },
      log: ["cancelled", "connection closed", "permit ended"],
      tag: "InvalidRequest"
    },
    {
      name: "where there is no permit",
      options: { sources: [never], permit: Effect.fail(busy) },
      log: [],
      tag: "Overloaded"
    },
    {
      name: "at its total deadline, while it waits for a permit",
      options: { sources: [never], permit: Effect.never, total: 100 },
      log: [],
      tag: "TimedOut"
    },
    {
      name: "at its total deadline, while the server is silent",
      options: { sources: [never], total: 100 },
      log: ["connection closed", "permit ended"],
      tag: "TimedOut"
    },
    {
      name: "at its total deadline, behind a chunk",
      options: { sources: [Stream.concat(chunks({}), never)], options: { timeouts: { total: 100 } } },
      log: ["connection closed", "permit ended"],
      tag: "TimedOut"
    }
  ]
  for (const { log: end, name, options, tag } of ends) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const { answers, log, rest } = make({ isFree: true, ...options })
        const call = yield* start(Effect.exit(Effect.result(Stream.runDrain(answers))))
        yield* TestClock.adjust(99)
        const isTimed = tag === "TimedOut"
        assert.strictEqual(call.pollUnsafe() === undefined, isTimed)
        yield* TestClock.adjust(1)
        const exit = yield* Fiber.join(call)
        const got = Exit.isSuccess(exit) && exit.value._tag === "Failure" ? exit.value.failure.reason._tag : undefined
        assert.strictEqual(got, tag)
        assert.deepStrictEqual(log, end)
        assert.deepStrictEqual(rest(), nothing)
      }))
  }

  const waits: ReadonlyArray<readonly [string, Options, { readonly permits: number; readonly connections: number }]> = [
    ["a permit", { sources: [], permit: Effect.never }, { permits: 0, connections: 0 }],
    ["the first chunk", { sources: [never] }, { permits: 1, connections: 1 }],
    ["a later chunk", { sources: [chunks({})], hangs: true }, { permits: 1, connections: 1 }],
    ["its next attempt, which holds nothing meanwhile", { sources: [Stream.fail(busy)] }, {
      permits: 0,
      connections: 0
    }]
  ]
  for (const [name, options, during] of waits) {
    it.effect(`where its reader is interrupted while it waits for ${name}`, () =>
      Effect.gen(function*() {
        const { answers, rest } = make(options)
        const call = yield* start(Stream.runDrain(answers))
        yield* TestClock.adjust(50)
        assert.deepStrictEqual(rest(), { ...during, calls: 1 })
        yield* Fiber.interrupt(call)
        assert.deepStrictEqual(rest(), nothing)
      }))

    it.effect(`where the layer closes while it waits for ${name}`, () =>
      Effect.gen(function*() {
        const { answers, gate, rest } = make(options)
        const call = yield* start(Effect.flip(Stream.runDrain(answers)))
        yield* TestClock.adjust(50)
        const closing = yield* start(gate.close(1_000))
        // What was not sent ends at once; what was has its time to end by itself.
        const isSent = during.connections > 0
        assert.strictEqual(closing.pollUnsafe() === undefined, isSent)
        yield* TestClock.adjust(999)
        assert.strictEqual(closing.pollUnsafe() === undefined, isSent)
        yield* TestClock.adjust(1)
        yield* Fiber.join(closing)
        const error = yield* Fiber.join(call)
        assert.strictEqual(error.reason._tag, "Unsupported")
        assert.strictEqual(error.message.includes("may have answered"), isSent)
        assert.deepStrictEqual(rest(), nothing)
      }))
  }

  it.effect("where the layer closes while its reader is busy elsewhere, who is then told", () =>
    Effect.gen(function*() {
      const { answers, gate, rest } = make({ sources: [Stream.concat(chunks({}), never)] })
      const call = yield* start(Effect.flip(Stream.runForEach(answers, () => Effect.sleep(500))))
      yield* TestClock.adjust(10)
      yield* gate.close(0).pipe(start, Effect.tap(TestClock.adjust(0)), Effect.flatMap(Fiber.join))
      assert.deepStrictEqual(rest(), nothing)
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust(490)
      assert.strictEqual((yield* Fiber.join(call)).reason._tag, "Unsupported")
    }))

  it.effect("where the layer closes and its source does not hear of it: the reader is interrupted", () =>
    Effect.gen(function*() {
      const { answers, gate, rest } = make({ sources: [Stream.concat(chunks({}), never)] })
      const call = yield* start(Stream.runDrain(answers))
      yield* TestClock.adjust(10)
      const closing = yield* start(gate.close(0))
      yield* TestClock.adjust(0)
      yield* Fiber.join(closing)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(call)))
      assert.deepStrictEqual(rest(), nothing)
    }))

  it.effect("nothing is sent once the layer is closed", () =>
    Effect.gen(function*() {
      const { answers, gate, log, rest } = make({ sources: [chunks({})] })
      yield* gate.close(0)
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(answers))).reason._tag, "Unsupported")
      assert.deepStrictEqual([log, rest()], [[], nothing])
    }))
})

describe("a finished stream", () => {
  const seen: Array<readonly [Chunk, boolean | undefined]> = []
  const rejection: Plan<Chunk>["rejection"] = (answer, said) => {
    seen.push([answer, said])
    return answer.finish === "BAD" ? blocked : undefined
  }

  it.effect("is judged by the last answer that says how it finished, and by whether anything was said", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [ReadonlyArray<Chunk>, Chunk | undefined, boolean, string | undefined]> = [
        [[{ text: "a" }, { finish: "STOP" }, {}], { finish: "STOP" }, true, undefined],
        [[{ finish: "STOP" }, { finish: "BAD" }], { finish: "BAD" }, false, "PromptBlocked"],
        [[{ finish: "BAD" }, { finish: "STOP", text: "a" }], { finish: "STOP", text: "a" }, true, undefined],
        [[{ text: "a" }], undefined, false, undefined]
      ]
      for (const [given, judged, said, tag] of cases) {
        seen.length = 0
        const { answers, rest } = make({ sources: [chunks(...given)], rejection })
        const result = yield* Effect.result(Stream.runDrain(answers))
        assert.deepStrictEqual(seen, judged === undefined ? [] : [[judged, said]])
        assert.strictEqual(result._tag === "Failure" ? result.failure.reason._tag : undefined, tag)
        // The attempt that was refused so is named.
        if (result._tag === "Failure") assert.strictEqual(result.failure.attempts.length, 1)
        assert.deepStrictEqual(rest(), nothing)
      }
    }))
})

describe("the attempts of a stream", () => {
  it.effect("end with the last, whose error names them all, and each waits as long as the server asked", () =>
    Effect.gen(function*() {
      const { answers, rest } = make({ sources: [Stream.fail(busy), Stream.fail(busy), Stream.fail(busy), chunks({})] })
      const call = yield* start(Effect.zip(Effect.flip(Stream.runDrain(answers)), Clock.currentTimeMillis))
      yield* TestClock.adjust(99)
      yield* TestClock.adjust(1)
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust(100)
      const [error, at] = yield* Fiber.join(call)
      assert.strictEqual(at, 200)
      assert.deepStrictEqual(error.attempts.map(({ delay, reason }) => [reason, delay && Duration.toMillis(delay)]), [
        ["Overloaded", 100],
        ["Overloaded", 100],
        ["Overloaded", undefined]
      ])
      assert.deepStrictEqual(rest(), nothing)
    }))

  it.effect("what is no error of ours is handed on as it is", () =>
    Effect.gen(function*() {
      const { answers, rest } = make({ sources: [Stream.die("a defect")] })
      const exit = yield* Effect.exit(Stream.runDrain(answers))
      assert.deepStrictEqual(exit, Exit.die("a defect"))
      assert.deepStrictEqual(rest(), nothing)
    }))
})
