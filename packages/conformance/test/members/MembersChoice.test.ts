/** Which member a call goes to, and why, and what the call is told where there is none. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Fault from "effect-gemini-emulator/Fault"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

const model = "gemini-3.8-flash"
const lite = "gemini-2.5-flash"
const unlimited = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }

const member = (name: string, rest: Partial<Members.Member> = {}): Members.Member => ({
  name,
  project: name,
  apiKey: Redacted.make(`secret-${name}`),
  ...rest
})
const two = [member("a"), member("b")]
const projects = { a: { keys: ["secret-a", "secret-a2"] }, b: { keys: ["secret-b"] } }

const services = (options: Partial<Members.Options> = {}, emulator: Emulator.Options = {}) =>
  Members.layer({ tier: "tier3", members: two, ...options }).pipe(
    Layer.provideMerge(Emulator.layerHttpClient({ projects, ...emulator }))
  )

type Request = Partial<GeminiClient.Request>
const generate = (request: Request = {}, options?: Parameters<GeminiClient.Service["generate"]>[1]) =>
  GeminiClient.GeminiClient.use((gemini) => gemini.generate({ model, contents: "Hi", ...request }, options))

const sentTo = Effect.flatMap(
  Emulator.Emulator,
  (emulator) => Effect.map(emulator.requests, (requests) => requests.map(({ project }) => project))
)

describe("what a call asks for itself", () => {
  it.effect("a member by name, and no other", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* Effect.forEach([1, 2, 3], () => generate()).pipe(MemberCall.set({ member: "b" }))
      assert.deepStrictEqual(yield* sentTo, ["b", "b", "b"])
      yield* emulator.addFault({ error: { code: 503 }, when: { project: "b" } })
      const error = yield* generate({}, { retry: { attempts: 1 } }).pipe(MemberCall.set({ member: "b" }), Effect.flip)
      assert.deepStrictEqual(error.attempts, [{ model, member: "b", status: 503, reason: "Overloaded" }])
    }).pipe(Effect.provide(services())))

  it.effect("a name that no member has is refused, with the names that there are", () =>
    Effect.gen(function*() {
      const error = yield* generate().pipe(MemberCall.set({ member: "c" }), Effect.flip)
      assert.include(error.message, "member: no member is called \"c\"; there are a, b")
      assert.deepStrictEqual(yield* sentTo, [])
    }).pipe(Effect.provide(services())))

  it.effect("the settings around a program hold for a stream inside it, and the inner ones win", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const outer = Stream.runDrain(gemini.generateStream({ model, contents: "Hi" }))
      const inner = gemini.generateStream({ model, contents: "Hi" }).pipe(
        MemberCall.setStream({ member: "a" }),
        Stream.runDrain
      )
      yield* Effect.andThen(outer, inner).pipe(MemberCall.set({ member: "b", caller: "me" }))
      assert.deepStrictEqual(yield* sentTo, ["b", "a"])
    }).pipe(Effect.provide(services())))

  it.effect("members to avoid are taken only where there is no other", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const avoiding = generate().pipe(MemberCall.set({ avoid: ["a"] }))
      yield* Effect.andThen(avoiding, avoiding)
      yield* emulator.addFault({ error: { code: 503 }, when: { project: "b" } })
      yield* avoiding
      assert.deepStrictEqual(yield* sentTo, ["b", "b", "b", "a"])
    }).pipe(Effect.provide(services())))

  it.effect("calls of one sticky key go to the member that answered the first of them", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ error: { code: 503 }, when: { project: "a", times: 1 } })
      const sticky = (key: string) => generate().pipe(MemberCall.set({ sticky: key }))
      yield* Effect.forEach(["one", "one", "one", "two", "one", "two"], sticky)
      const [failed, ...rest] = yield* sentTo
      assert.strictEqual(failed, "a")
      assert.deepStrictEqual(rest.filter((_, i) => i !== 3 && i !== 5), ["b", "b", "b", "b"])
      assert.deepStrictEqual(rest.filter((_, i) => i === 3 || i === 5), ["a", "a"])
    }).pipe(Effect.provide(services())))
})

describe("state on the server", () => {
  const cache = "cachedContents/abc"
  const file = "https://generativelanguage.googleapis.com/v1beta/files/xyz"
  const withFile = { contents: [{ fileData: { fileUri: file, mimeType: "text/plain" } }] }

  it.effect("a cache goes to the project that made it, with any of its keys", () =>
    Effect.gen(function*() {
      const members = yield* Members.Members
      yield* members.remember(cache, "a")
      const answers = yield* Effect.forEach(Array.from({ length: 4 }), () => generate({ cachedContent: cache }))
      assert.deepStrictEqual(yield* sentTo, ["a", "a", "a", "a"])
      assert.deepStrictEqual(answers.map(({ attempts }) => attempts[0]?.member), ["a", "a2", "a", "a2"])
    }).pipe(
      Effect.provide(services({ members: [...two, member("a2", { project: "a" })] }))
    ))

  it.effect("a file is known by its name or its URI; one that lies elsewhere is nobody's", () =>
    Effect.gen(function*() {
      const members = yield* Members.Members
      yield* members.remember("files/xyz", "b")
      yield* generate(withFile)
      yield* generate(withFile)
      const video = { fileData: { fileUri: "https://www.youtube.com/watch?v=files/1", mimeType: "video/mp4" } }
      yield* generate({ contents: [video] })
      assert.deepStrictEqual(yield* sentTo, ["b", "b", "a"])
    }).pipe(Effect.provide(services())))

  it.effect("of which nobody knows the member is not sent anywhere, and the error says what to do", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(generate({ cachedContent: cache }))
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assert.include(error.message, "cachedContent: it is not known which member made cachedContents/abc")
      const other = yield* Effect.flip(generate(withFile))
      assert.include(
        other.message,
        "contents[0].parts[0].fileData.fileUri: it is not known which member made files/xyz"
      )
      assert.deepStrictEqual(yield* sentTo, [])
      // Whoever names the member takes it upon himself.
      yield* generate({ cachedContent: cache }).pipe(MemberCall.set({ member: "b" }))
      assert.deepStrictEqual(yield* sentTo, ["b"])
    }).pipe(Effect.provide(services())))

  it.effect("of a member that is gone is NotFound, and says whose it was", () =>
    Effect.gen(function*() {
      const members = yield* Members.Members
      yield* members.remember(cache, "old")
      const error = yield* Effect.flip(generate({ cachedContent: cache }))
      assert.strictEqual(error.reason._tag, "NotFound")
      assert.include(error.message, "cachedContents/abc is kept by the member \"old\", which is gone; there are a, b")
      assert.deepStrictEqual(yield* sentTo, [])
    }).pipe(Effect.provide(services())))

  it.effect("of one project needs no memory: every key of it will do", () =>
    Effect.gen(function*() {
      yield* generate({ cachedContent: cache })
      yield* generate({ cachedContent: cache })
      assert.deepStrictEqual(yield* sentTo, ["a", "a"])
    }).pipe(Effect.provide(services({ members: [member("a"), member("a2", { project: "a" })] }))))

  it.effect("a cache is one model's: it never goes to a fallback model", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault(Fault.overload(model))
      const members = yield* Members.Members
      yield* members.remember(cache, "a")
      const error = yield* Effect.flip(generate({ cachedContent: cache }, { retry: { attempts: 2, baseDelay: 0 } }))
      assert.deepStrictEqual(error.attempts.map(({ model }) => model), [model, model])
    }).pipe(Effect.provide(services({ fallbackModels: [lite] }))))
})

describe("explain", () => {
  it.effect("says where a call would go, and why not elsewhere", () =>
    Effect.gen(function*() {
      const members = yield* Members.Members
      const emulator = yield* Emulator.Emulator
      const question = members.explain({ model, contents: "Hi" })

      const before = yield* question
      assert.deepStrictEqual(before.chosen, { member: "a", model })
      assert.deepStrictEqual(
        before.candidates.map(({ excluded, member, model }) => [member, model, excluded]),
        [["a", model, undefined], ["b", model, undefined], ["a", lite, undefined], ["b", lite, undefined]]
      )
      assert.deepStrictEqual(yield* sentTo, [])

      yield* generate().pipe(MemberCall.set({ member: "a" }))
      const half = yield* question
      assert.deepStrictEqual(half.chosen, { member: "b", model })
      assert.strictEqual(half.candidates.find(({ member }) => member === "a")?.headroom.free, 0.75)

      yield* emulator.addFault({ error: { code: 503 }, when: { project: "b", times: 3 } })
      yield* generate({}, { retry: { attempts: 3, baseDelay: 0 } }).pipe(
        MemberCall.set({ member: "b", fallbackModels: [] }),
        Effect.exit
      )
      yield* Effect.forEach([2, 3, 4], () => generate()).pipe(MemberCall.set({ member: "a", fallbackModels: [] }))
      const after = yield* question
      assert.deepStrictEqual(after.chosen, { member: "b", model: lite })
      assert.deepStrictEqual(
        after.candidates.filter((candidate) => candidate.model === model).map((
          { circuit, excluded, member }
        ) => [member, circuit, excluded]).toSorted(),
        [["a", "closed", "quota"], ["b", "open", "circuit"]]
      )
      assert.deepStrictEqual(
        after.candidates.find(({ excluded }) => excluded === "circuit")?.availableIn,
        5_000
      )
    }).pipe(Effect.provide(services({
      limits: { [model]: { ...unlimited, rpm: 4 }, [lite]: unlimited },
      fallbackModels: [lite]
    }))))
})

describe("the answer", () => {
  it.effect("comes with a reason for every attempt, if the call asks for it", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ error: { code: 503 }, when: { project: "a" } })
      const chosen: Array<unknown> = []
      yield* generate({}, {
        observe: (event) =>
          Effect.sync(() => {
            if (event._tag !== "Chosen") return
            chosen.push([event.member, event.candidates.map(({ excluded, member }) => [member, excluded])])
          })
      })
      assert.deepStrictEqual(chosen, [
        ["a", [["a", undefined], ["b", undefined]]],
        // It failed in this call: the other one goes first, and this one not before its backoff.
        ["b", [["b", undefined], ["a", "failed"]]]
      ])
    }).pipe(Effect.provide(services())))

  it.effect("names the model and the member that answered, and every attempt its own", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault(Fault.overload(model))
      const answer = yield* generate()
      assert.strictEqual(answer.model, lite)
      assert.deepStrictEqual(
        answer.attempts.map(({ member, model, reason, status }) => [member, model, status, reason]),
        [
          ["a", model, 503, "Overloaded"],
          ["b", model, 503, "Overloaded"],
          ["a", lite, 200, undefined]
        ]
      )
    }).pipe(Effect.provide(services({ fallbackModels: { [model]: [lite] } }))))

  it.effect("no error says a key, in any field", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      for (const fault of [{ error: { code: 503 } }, { status: 403 }, { reset: true as const }]) {
        yield* emulator.addFault({ ...fault, when: { times: 3 } })
        const error = yield* Effect.flip(generate({}, { retry: { attempts: 3, baseDelay: 0 } }))
        assert.notInclude(JSON.stringify(error) + String(error) + error.stack, "secret")
      }
    }).pipe(Effect.provide(services({ circuit: false }))))

  it.effect("models are listed by the next member where the first one is down", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const gemini = yield* GeminiClient.GeminiClient
      yield* emulator.addFault({ reset: true, when: { project: "a" } })
      const options = { retry: { attempts: 1 } }
      assert.isAbove((yield* Stream.runCollect(gemini.listModels({ pageSize: 1_000 }, options))).length, 3)
      assert.strictEqual((yield* gemini.getModel(model, options)).name, `models/${model}`)
      assert.deepStrictEqual(yield* sentTo, ["a", "b", "a", "b"])
    }).pipe(Effect.provide(services())))
})

describe("where nobody admits the call", () => {
  const limits = { [model]: { ...unlimited, rpm: 1 } }
  const both = Effect.andThen(generate(), generate())

  it.effect("it waits for the first that does, and no longer than maxWait", () =>
    Effect.gen(function*() {
      yield* both
      const late = yield* Effect.forkChild(Effect.flip(generate({}, { maxWait: "10 seconds" })), {
        startImmediately: true
      })
      yield* TestClock.adjust("10 seconds")
      const error = yield* Fiber.join(late)
      assert.strictEqual(error.reason._tag, "RateLimited")
      assert.include(error.message, `no member gave a permit for ${model} within 10000 ms (maxWait)`)
      const none = yield* Effect.flip(generate({}, { maxWait: 0 }))
      assert.strictEqual(none.reason._tag, "RateLimited")
      assert.deepStrictEqual(yield* sentTo, ["a", "b"])
    }).pipe(Effect.provide(services({ limits }))))

  it.effect("a full room is LimiterFull", () =>
    Effect.gen(function*() {
      yield* both
      yield* Effect.forkChild(generate(), { startImmediately: true })
      const error = yield* Effect.flip(generate({}, { maxQueue: 1 }))
      assert.strictEqual(error.reason._tag, "LimiterFull")
    }).pipe(Effect.provide(services({ limits }))))

  it.effect("who is interrupted leaves no place, no permit and no ticket behind", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const members = yield* Members.Members
      yield* both
      const waiting = yield* Effect.forEach(
        Array.from({ length: 5 }),
        () => Effect.forkChild(generate(), { startImmediately: true })
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* members.explain({ model, contents: "Hi" })).waiting, 5)
      yield* Effect.forEach(waiting, Fiber.interrupt)
      assert.strictEqual((yield* members.explain({ model, contents: "Hi" })).waiting, 0)
      const lanes = yield* limiter.snapshot
      assert.deepStrictEqual(lanes.map(({ used, waiting }) => [used.requests, used.inFlight, waiting]), [
        [1, 0, 0],
        [1, 0, 0]
      ])
      yield* TestClock.adjust("1 minute")
      yield* both
      assert.deepStrictEqual(yield* sentTo, ["a", "b", "a", "b"])
    }).pipe(Effect.provide(services({ limits }))))

  it.effect("a day's quota that is spent everywhere is QuotaExhausted, at once or after waiting for it", () =>
    Effect.gen(function*() {
      yield* both
      const error = yield* Effect.flip(generate())
      assert.strictEqual(error.reason._tag, "QuotaExhausted")
      const waiting = yield* Effect.forkChild(generate({}, { whenExhausted: "wait" }), { startImmediately: true })
      yield* TestClock.adjust("24 hours")
      yield* Fiber.join(waiting)
      assert.strictEqual((yield* sentTo).length, 3)
    }).pipe(Effect.provide(services({ limits: { [model]: { ...unlimited, rpd: 1 } } }))))

  it.effect("a call is told that it waits, and for what", () =>
    Effect.gen(function*() {
      yield* both
      const events: Array<unknown> = []
      const call = yield* Effect.forkChild(
        generate({}, { observe: (event) => Effect.sync(() => events.push(event)) }),
        { startImmediately: true }
      )
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(call)
      assert.deepStrictEqual(events[0], {
        _tag: "Waiting",
        lane: { project: "a", location: "global", quotaModel: model, family: "generate" },
        until: 60_060
      })
      assert.deepInclude(events[1], { _tag: "Chosen", member: "a", model })
      assert.strictEqual(events.length, 2)
    }).pipe(Effect.provide(services({ limits }))))
})

describe("open circuits", () => {
  const trip = Effect.exit(generate({}, { retry: { attempts: 6, baseDelay: 0 } }))

  it.effect("everywhere: the call waits for the first that is probed", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ error: { code: 503 }, when: { times: 6 } })
      yield* trip
      const call = yield* Effect.forkChild(
        Effect.andThen(Effect.all([generate(), generate(), generate()], { concurrency: 3 }), Clock.currentTimeMillis),
        { startImmediately: true }
      )
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(call), 5_000)
      assert.strictEqual((yield* emulator.requests).length, 9)
    }).pipe(Effect.provide(services())))

  it.effect("everywhere for longer than retry.maxDelay: the call fails at once, and says until when", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ error: { code: 503 } })
      yield* trip
      const error = yield* Effect.flip(generate({}, { retry: { maxDelay: "2 seconds" } }))
      assert.strictEqual(error.reason._tag, "Overloaded")
      assert.include(error.message, `no member answers for ${model} now (a, b): their circuits are open`)
      assert.include(error.message, "Retry after 5 s.")
      assert.deepStrictEqual(error.attempts, [])
      assert.strictEqual((yield* emulator.requests).length, 6)
    }).pipe(Effect.provide(services())))

  it.effect("are one for each model: another model of the member is asked as before", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault(Fault.overload(model))
      yield* trip
      const answer = yield* generate({ model: lite })
      assert.strictEqual(answer.model, lite)
    }).pipe(Effect.provide(services())))

  it.effect("do not open with circuit: false", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ error: { code: 503 }, when: { times: 6 } })
      yield* trip
      yield* generate()
      assert.strictEqual((yield* emulator.requests).length, 7)
    }).pipe(Effect.provide(services({ circuit: false }))))
})

describe("options that cannot be meant", () => {
  const wrong: ReadonlyArray<readonly [Partial<Members.Options>, string]> = [
    [{ members: [] }, "members: expected at least one member"],
    [{ members: [member("")] }, "members[0].name: expected a name"],
    [{ members: [member("default")] }, "members[0].name: \"default\" is all members together"],
    [{ members: [member("a"), member("b"), member("a")] }, "members[2].name: members[0] is called \"a\", too"],
    [
      { members: [member("a"), member("b", { baseUrl: "ftp://x" })] },
      "members[1].baseUrl: expected an http or https URL"
    ],
    [{ members: [member("a", { weight: 0 })] }, "members[0].weight: expected a number above 0, got 0 (number)"],
    [{ members: [member("a", { project: "" })] }, "members[0].project: expected a name, got none"],
    [
      { members: [member("a", { project: "p", tier: "tier1" }), member("b", { project: "p", tier: "tier2" })] },
      "members[1].tier: members[0] has other ones: members of one project and location share their quota"
    ],
    [{ fallbackModels: ["no such/model"] }, "fallbackModels[0]: "],
    [{ fallbackModels: { [model]: [lite, ""] } }, `fallbackModels["${model}"][1]: `],
    [{ retry: { attempts: 0 } }, "retry.attempts: expected a whole number of at least 1"]
  ]

  it.effect.each(wrong)("%j", ([options, message]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(generate())
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assert.include(error.message, message)
      const gemini = yield* GeminiClient.GeminiClient
      const listed = yield* Effect.flip(Stream.runDrain(gemini.listModels()))
      assert.include(listed.message, message)
      assert.deepStrictEqual(yield* sentTo, [])
      assert.isDefined(Members.problem({ members: two, ...options }))
    }).pipe(Effect.provide(services(options))))
})
