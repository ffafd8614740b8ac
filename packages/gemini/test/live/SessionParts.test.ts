/**
 * The parts of a session between its turns and its socket: media on its way out, who reads an answer, the events that
 * wait, the place of a turn, and the places among a model's sessions.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Reason from "effect-gemini/errors/LiveErrorReason"
import type { LiveAnswer } from "effect-gemini/live/LiveSession"
import { LiveError } from "effect-gemini/LiveError"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import { AnswerReader } from "../../src/internal/live/AnswerReader.ts"
import type { ConnectionEnd } from "../../src/internal/live/close.ts"
import { EventQueue } from "../../src/internal/live/EventQueue.ts"
import { Link } from "../../src/internal/live/Link.ts"
import { LiveConnection } from "../../src/internal/live/LiveConnection.ts"
import * as LiveModels from "../../src/internal/live/liveModels.ts"
import { Media } from "../../src/internal/live/Media.ts"
import * as SessionLimits from "../../src/internal/live/sessionLimits.ts"
import { TurnLock } from "../../src/internal/live/TurnLock.ts"
import { ViewReader } from "../../src/internal/live/ViewReader.ts"

const closed = new LiveError({ method: "session", model: "m", reason: new Reason.SessionClosed({}) })
const broken: ConnectionEnd = { _tag: "Broken" }

/** A connection that nobody dials. */
const connection = Effect.withFiber<LiveConnection>((fiber) =>
  Effect.succeed(
    new LiveConnection(
      {
        construct: () => assert.fail("nobody dials"),
        endpoint: { url: Redacted.make("ws://x"), headers: Redacted.make(undefined), secret: Redacted.make("k") },
        readAhead: 1,
        inboundLimit: 1,
        frameLimit: 1,
        connect: 1,
        setup: 1
      },
      fiber.context,
      fiber.getRef(Clock.Clock)
    )
  )
)

/** A link whose frames leave when a test says so. */
class SlowLink extends Link {
  readonly left: Array<string> = []
  isQuick = false
  #done: ((ending: ConnectionEnd | undefined) => void) | undefined
  override send(_: LiveConnection, text: string, done: (ending: ConnectionEnd | undefined) => void): void {
    this.left.push(text)
    if (this.isQuick) done(undefined)
    else this.#done = done
  }
  leave(ending?: ConnectionEnd): void {
    this.#done?.(ending)
  }
}

/** Lets what is about to run do so. */
const turns = Effect.repeat(Effect.yieldNow, { times: 10 })

const media = (isBetween = false) =>
  Effect.map(connection, (one) => {
    const link = new SlowLink(one)
    return { one, link, media: new Media(link, 10, isBetween) }
  })

describe("media", () => {
  it.effect("leaves one frame after the other, each when the one before has left", () =>
    Effect.gen(function*() {
      const { link, media: out } = yield* media()
      for (const frame of ["a", "b", "c"]) out.offer(frame)
      assert.deepStrictEqual([link.left, out.queue.size], [["a"], 2])
      link.leave()
      assert.deepStrictEqual(link.left, ["a", "b"])
      link.leave()
      link.leave()
      assert.deepStrictEqual([link.left, out.queue.size, out.queue.dropped], [["a", "b", "c"], 0, 0])
      out.offer("d")
      assert.deepStrictEqual(link.left, ["a", "b", "c", "d"])
    }))

  it.effect("leaves at once where the transport takes it at once", () =>
    Effect.gen(function*() {
      const { link, media: out } = yield* media()
      out.offer("a")
      out.offer("b")
      link.isQuick = true
      link.leave()
      out.offer("c")
      assert.deepStrictEqual([link.left, out.queue.size], [["a", "b", "c"], 0])
    }))

  it.effect("that cannot leave is counted, with all that waits behind it, unless a connection is left for the next", () =>
    Effect.gen(function*() {
      for (const [isBetween, dropped, later] of [[false, 3, []], [true, 1, ["b", "c"]]] as const) {
        const { link, media: out, one } = yield* media(isBetween)
        for (const frame of ["a", "b", "c"]) out.offer(frame)
        link.set(undefined)
        link.leave(broken)
        assert.deepStrictEqual([out.queue.dropped, out.queue.size], [dropped, later.length])
        assert.deepStrictEqual(link.left, ["a"])
        link.isQuick = true
        link.set(one)
        out.between(false)
        assert.deepStrictEqual(link.left, ["a", ...later])
        assert.deepStrictEqual([out.queue.dropped, out.queue.size], [dropped, 0])
      }
    }))

  it.effect("without a connection is dropped, and while one is left for the next it waits within its bound", () =>
    Effect.gen(function*() {
      const { link, media: out, one } = yield* media()
      link.set(undefined)
      out.offer("a")
      assert.deepStrictEqual([out.queue.dropped, out.queue.size], [1, 0])
      out.between(true)
      out.offer("12345")
      out.offer("67890")
      assert.deepStrictEqual([out.queue.dropped, out.queue.size], [1, 2])
      out.offer("x")
      assert.deepStrictEqual([out.queue.dropped, out.queue.size], [2, 2])
      // There will be no next connection after all.
      out.between(false)
      assert.deepStrictEqual([out.queue.dropped, out.queue.size, link.left], [4, 0, []])
      // What is sent when the next one is there is not sent twice.
      link.set(one)
      out.offer("b")
      out.between(false)
      assert.deepStrictEqual(link.left, ["b"])
    }))

  it.effect("is waited for: until there is room, until all has left, or until there is nothing to wait for", () =>
    Effect.gen(function*() {
      const { link, media: out } = yield* media()
      const waits = (effect: Effect.Effect<void>) =>
        Effect.map(
          Effect.forkChild(effect, { startImmediately: true }),
          (fiber) => () => fiber.pollUnsafe() === undefined
        )
      out.offer("0123456789")
      // The first frame is on its way and takes no room.
      const room = yield* waits(out.room(100))
      assert.isFalse(room())
      out.offer("01234")
      const [fits, none, flushed] = [yield* waits(out.room(5)), yield* waits(out.room(6)), yield* waits(out.flushed)]
      assert.deepStrictEqual([fits(), none(), flushed()], [false, true, true])
      const left = yield* Effect.forkChild(out.flushed, { startImmediately: true })
      yield* Fiber.interrupt(left)
      link.leave()
      yield* turns
      assert.deepStrictEqual([none(), flushed()], [false, true])
      link.leave()
      yield* turns
      assert.isFalse(flushed())
      // Of a session that is over, and of one that has lost its connection, nobody waits.
      for (const end of [(link: Link) => link.end(() => closed), (link: Link) => link.set(undefined)]) {
        const { link: other, media: gone } = yield* media()
        gone.offer("a")
        gone.offer("b")
        const waiting = yield* waits(gone.flushed)
        assert.isTrue(waiting())
        end(other)
        gone.wake()
        yield* turns
        assert.isFalse(waiting())
      }
    }))

  it.effect("that left while its waiter was about to wait is not waited for", () =>
    Effect.gen(function*() {
      for (let ops = 3; ops < 9; ops++) {
        const { link, media: out } = yield* media()
        out.offer("a")
        const fiber = yield* Effect.forkChild(Effect.provideService(out.flushed, Scheduler.MaxOpsBeforeYield, ops), {
          startImmediately: true
        })
        link.leave()
        yield* turns
        assert.isDefined(fiber.pollUnsafe(), `${ops}`)
      }
    }))
})

describe("a turn's place", () => {
  it.effect("that is given while its owner is about to wait is taken", () =>
    Effect.gen(function*() {
      for (let ops = 3; ops < 9; ops++) {
        const lock = new TurnLock()
        const [first, second] = [{}, {}]
        lock.take(first, () => undefined)
        const within = Effect.suspend(() => lock.within(second, Effect.succeed("mine")))
        const fiber = yield* Effect.forkChild(Effect.provideService(within, Scheduler.MaxOpsBeforeYield, ops), {
          startImmediately: true
        })
        lock.release(first)
        assert.strictEqual(yield* Fiber.join(fiber), "mine")
      }
    }))
})

const said = (text: string) => ({ serverContent: { modelTurn: { role: "model", parts: [{ text }] } } })
const textsOf = (responses: ReadonlyArray<{ readonly candidates?: unknown }> | undefined) =>
  JSON.stringify(responses)?.match(/(?<="text":")[^"]*/g) ?? []

describe("who reads a turn as it comes", () => {
  it("reads up to the bound, and what may be another's only once that is sure", () => {
    const reader = new ViewReader("m", 10)
    assert.deepStrictEqual([reader.limit, reader.isFilled, reader.bytes], [10, false, 0])
    assert.isTrue(reader.take({ setupComplete: {} }, 100, undefined))
    assert.isFalse(reader.isFilled)
    assert.isTrue(reader.take(said("a"), 4, undefined))
    assert.deepStrictEqual([reader.isFilled, reader.bytes], [true, 4])
    reader.doubt()
    assert.isFalse(reader.isFilled)
    assert.isTrue(reader.take(said("b"), 3, undefined))
    assert.isTrue(reader.take(said("c"), 3, undefined))
    assert.deepStrictEqual([reader.isFilled, reader.bytes], [true, 10])
    assert.isFalse(reader.take(said("d"), 1, undefined))
    assert.deepStrictEqual(textsOf(reader.queue.takeAll()), ["a"])
    assert.isTrue(reader.take(said("d"), 4, undefined))
    assert.isFalse(reader.take(said("e"), 1, undefined))
    reader.end("STOP", "speech")
    assert.strictEqual(reader.overlap, "speech")
    const rest = reader.queue.takeAll()
    assert.deepStrictEqual(textsOf(rest), ["b", "c", "d"])
    assert.deepStrictEqual(rest?.at(-1), { candidates: [{ finishReason: "STOP" }], modelVersion: "m" })
    assert.deepStrictEqual([reader.queue.ended, reader.bytes], [{ _tag: "Done" }, 0])
  })

  it("takes one message of any size that may be another's, and drops all of them when its own turn begins", () => {
    const reader = new ViewReader("m", 10)
    reader.doubt()
    assert.isTrue(reader.take(said("large"), 1_000, undefined))
    assert.isFalse(reader.take(said("small"), 1, undefined))
    // Another turn begins that may be its own: what the first one said is dropped.
    reader.doubt()
    assert.deepStrictEqual([reader.bytes, reader.isFilled], [0, false])
    assert.isTrue(reader.take(said("b"), 10, undefined))
    reader.own()
    assert.strictEqual(reader.bytes, 0)
    assert.isTrue(reader.take(said("mine"), 10, undefined))
    assert.deepStrictEqual([reader.bytes, reader.queue.size], [10, 1])
    reader.end(undefined, undefined)
    assert.deepStrictEqual([reader.queue.size, textsOf(reader.queue.takeAll())], [1, ["mine"]])
    assert.isUndefined(reader.overlap)
  })

  it("is told of a failure behind what it has, and its sound can be silenced", () => {
    const reader = new ViewReader("m", 1_000)
    const sound = { inlineData: { mimeType: "audio/pcm", data: "AA==" } }
    reader.take(said("a"), 1, undefined)
    reader.take({ serverContent: { modelTurn: { role: "model", parts: [sound] } } }, 1, undefined)
    assert.strictEqual(reader.silence(), 1)
    reader.fail(closed)
    assert.deepStrictEqual(textsOf(reader.queue.takeAll()), ["a"])
    assert.deepStrictEqual(reader.queue.ended, { _tag: "Failed", error: closed })
  })
})

describe("who reads a turn as a whole", () => {
  const reader = () => {
    const done: Array<LiveAnswer | LiveError> = []
    return { done, reader: new AnswerReader("m", (answer) => done.push(answer)) }
  }
  const answerOf = (done: ReadonlyArray<LiveAnswer | LiveError>) => {
    const [answer] = done
    return answer === undefined || answer instanceof LiveError ? assert.fail("there is no answer") : answer
  }
  const grounded = (query: string) => ({ serverContent: { groundingMetadata: { webSearchQueries: [query] } } })
  const usage = { usageMetadata: { promptTokenCount: 3, responseTokenCount: 4, totalTokenCount: 7 } }

  it("gets what was said, where it comes from, what it cost and why it ended", () => {
    const { done, reader: one } = reader()
    assert.isFalse(one.isFilled)
    assert.isTrue(one.take(said("a"), 1e9, undefined))
    assert.isTrue(one.isFilled)
    one.take(grounded("q"), 1, undefined)
    one.take({ ...said("b"), ...usage }, 1, undefined)
    one.take({ serverContent: { turnComplete: true } }, 1, "MAX_TOKENS")
    assert.strictEqual(one.silence(), 0)
    one.end("STOP", "text")
    const { overlap, response } = answerOf(done)
    assert.strictEqual(overlap, "text")
    assert.deepStrictEqual(response.candidates, [{
      content: { role: "model", parts: [{ text: "a" }, { text: "b" }] },
      finishReason: "MAX_TOKENS",
      groundingMetadata: { webSearchQueries: ["q"] }
    }])
    assert.deepInclude(response.usageMetadata, { promptTokenCount: 3, candidatesTokenCount: 4 })
    assert.strictEqual(response.modelVersion, "m")
  })

  it("gets nothing that was not there", () => {
    const { done, reader: one } = reader()
    one.end(undefined, undefined)
    assert.deepStrictEqual(answerOf(done).response, { candidates: [{}], modelVersion: "m" })
    const stopped = reader()
    stopped.reader.take(said("a"), 1, undefined)
    stopped.reader.end("STOP", undefined)
    assert.deepStrictEqual(answerOf(stopped.done).response.candidates?.[0]?.finishReason, "STOP")
    const failed = reader()
    failed.reader.fail(closed)
    assert.deepStrictEqual(failed.done, [closed])
  })

  it("keeps of turns that may be another's the last one only, with its sources, and none once its own begins", () => {
    const kept = (...steps: ReadonlyArray<"doubt" | "own" | string>) => {
      const { done, reader: one } = reader()
      for (const step of steps) {
        if (step === "doubt") one.doubt()
        else if (step === "own") one.own()
        else {
          one.take(said(step), 1, undefined)
          one.take(grounded(step), 1, undefined)
        }
      }
      one.end("STOP", undefined)
      const candidate = answerOf(done).response.candidates?.[0]
      const queries = candidate?.groundingMetadata?.webSearchQueries ?? []
      const texts = candidate?.content?.parts?.map(({ text }) => text ?? "") ?? []
      // Of several sources the newest queries count.
      assert.deepStrictEqual(queries, texts.slice(-1))
      return texts
    }
    assert.deepStrictEqual(kept("doubt", "a", "doubt", "b"), ["b"])
    assert.deepStrictEqual(kept("doubt", "a", "own"), [])
    assert.deepStrictEqual(kept("doubt", "a", "own", "b", "own"), ["b"])
    assert.deepStrictEqual(kept("a", "doubt", "b", "own", "c"), ["a", "c"])
    assert.deepStrictEqual(kept("a", "own", "b"), ["a", "b"])
  })
})

describe("the events that wait", () => {
  const usage = { _tag: "Usage", usage: {} } as const
  const text = { _tag: "Text", text: "a", thought: false } as const

  it("keep of bookkeeping that nobody reads the newest, 1,024 at most, and all of the rest", () => {
    const queue = new EventQueue(1 << 20)
    const take = (event: object) => queue.take(event as never, 1)
    take(text)
    for (let nth = 0; nth < 1_024; nth++) take({ ...usage, nth })
    assert.strictEqual(queue.size, 1_025)
    take({ ...usage, nth: 1_024 })
    // Half of it made room.
    assert.strictEqual(queue.size, 1 + 512 + 1)
    for (let nth = 0; nth < 511; nth++) take({ _tag: "Resumption", nth })
    assert.strictEqual(queue.size, 1_025)
    take(usage)
    assert.strictEqual(queue.size, 514)
    queue.isRead = true
    for (let nth = 0; nth < 2_000; nth++) take(usage)
    assert.strictEqual(queue.size, 2_514)
    assert.strictEqual(queue.takeAll()?.[0]?._tag, "Text")
  })
})

describe("whether a model waits for a function", () => {
  const tools = [
    { googleSearch: {} },
    {
      functionDeclarations: [
        { name: "plain" },
        { name: "blocks", behavior: "BLOCKING" },
        { name: "runs", behavior: "NON_BLOCKING" },
        { name: "odd", behavior: "UNSPECIFIED" }
      ]
    }
  ]
  const waits = (model: string) =>
    ["plain", "blocks", "runs", "odd", "none"].map((name) => LiveModels.waitsFor(LiveModels.of(model), tools, name))

  it("is what its declaration says, where the model takes that, and else the model's way", () => {
    assert.deepStrictEqual(waits("gemini-3.8-live"), [false, true, false, false, false])
    assert.deepStrictEqual(waits("gemini-3.8-live-extended-thinking"), [false, false, false, false, false])
    assert.deepStrictEqual(waits("gemini-3.1-flash-live-preview"), [true, true, true, true, true])
    assert.deepStrictEqual(waits("gemini-2.5-flash-native-audio-preview-12-2025"), [true, true, false, true, true])
    assert.deepStrictEqual(waits("unknown"), [true, true, true, true, true])
  })

  it("is told by the row of the model; one that is not known speaks if its name says so", () => {
    assert.strictEqual(LiveModels.of("gemini-9-native-audio").output, "AUDIO")
    assert.strictEqual(LiveModels.of("gemini-9").output, "TEXT")
    for (const model of ["gemini-9-native-audio", "gemini-9"]) {
      assert.deepInclude(LiveModels.of(model), { text: "clientContent", scheduling: false })
    }
  })
})

describe("the places among a model's sessions", () => {
  const model = Result.getOrThrow(ModelId.parse("gemini-3.8-live"))
  const place = { project: "p", location: "global" }
  const limits = (sessions?: number, rpm = 1) => () => ({
    rpm,
    tpm: Infinity,
    rpd: Infinity,
    concurrency: 1,
    ...(sessions === undefined ? {} : { sessions })
  })
  const same = (reason: SessionLimits.Refused) => reason

  it.effect("are as many as the tier has, given back with their scope; who waits is told to those who can spare one", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const { session, spare } = SessionLimits.make(limiter, model, limits(1), place)
      const asked: Array<string> = []
      const keeper = (project: string, location: string) => ({
        project,
        location,
        giveUp: (quotaModel: string) => void asked.push(`${project} ${location} ${quotaModel}`)
      })
      const away = Scope.makeUnsafe()
      yield* Scope.provide(SessionLimits.whenFull(limiter, keeper("p", "global")), away)
      yield* SessionLimits.whenFull(limiter, keeper("q", "global"))
      yield* SessionLimits.whenFull(limiter, keeper("p", "europe-west4"))
      const first = Scope.makeUnsafe()
      yield* Scope.provide(session(same), first)
      // A spare one waits for nobody, and asks nobody to give one up.
      assert.strictEqual((yield* Effect.flip(spare(same)))._tag, "Limited")
      assert.deepStrictEqual(asked, [])
      const second = Scope.makeUnsafe()
      const waiting = yield* Effect.forkChild(Scope.provide(session(same), second), { startImmediately: true })
      yield* Effect.yieldNow
      assert.deepStrictEqual(asked, ["p global gemini-3.8-live"])
      yield* Scope.close(first, Exit.void)
      yield* Fiber.join(waiting)
      // One that has ended is asked no more.
      yield* Scope.close(away, Exit.void)
      const third = yield* Effect.forkChild(session(same), { startImmediately: true })
      yield* Effect.yieldNow
      assert.lengthOf(asked, 1)
      yield* Scope.close(second, Exit.void)
      yield* Fiber.join(third)
    }).pipe(Effect.scoped, Effect.provide(RateLimiter.layer)))

  it.effect("have no bound where none is known, and a message waits for none of them", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const { message, session } = SessionLimits.make(limiter, model, limits(), place)
      for (let nth = 0; nth < 5; nth++) yield* session(same)
      yield* message(1, same)
      const { used } = (yield* limiter.snapshot).find(({ lane }) => lane.family === "live") ??
        assert.fail("there is no lane of messages")
      assert.strictEqual(used.requests, 1)
    }).pipe(Effect.scoped, Effect.provide(RateLimiter.layer)))
})
