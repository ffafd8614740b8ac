/**
 * A key that is refused, a region that does not have the model, and a sticky member that died: how many calls each
 * costs, and how often it is asked. One call a second, and the server's own list of requests as the oracle.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"

const model = "gemini-3.8-flash"
const other = "gemini-2.5-flash"
const member = (name: string): Members.Member => ({ name, project: name, apiKey: Redacted.make(`key-${name}`) })
const members = ["a", "b", "c"].map(member)
const projects = { a: { keys: ["key-a"] }, b: { keys: ["key-b"] }, c: { keys: ["key-c"] } }
const services = (options: Partial<Members.Options> = {}) =>
  Members.layer({ members, tier: "tier3", ...options }).pipe(Layer.provideMerge(Emulator.layerHttpClient({ projects })))

const generate = (asked = model) =>
  GeminiClient.GeminiClient.use((gemini) => gemini.generate({ model: asked, contents: "one two three" }))

const fault = (fault: Fault.Fault) => Emulator.Emulator.use((emulator) => emulator.addFault(fault))
const asked = (project: string) =>
  Emulator.Emulator.use((emulator) =>
    Effect.map(emulator.requests, (all) => all.filter((one) => one.project === project).length)
  )

/** One call a second: the reasons of those that failed. */
const traffic = (seconds: number, asked = model) =>
  Effect.map(
    Effect.forEach(Array.from({ length: seconds }), () =>
      Effect.matchEffect(Effect.andThen(TestClock.adjust("1 second"), generate(asked)), {
        onFailure: ({ reason }) =>
          Effect.succeed([reason._tag]),
        onSuccess: () => Effect.succeed([])
      })),
    (reasons) =>
      reasons.flat()
  )

describe.each([[401], [403], [404]] as const)("%i at one of three members", (status) => {
  it.effect("costs no call, and is looked at after 30 s, then after twice the time", () =>
    Effect.gen(function*() {
      yield* fault({ status, when: { project: "b" } })
      assert.deepStrictEqual(yield* traffic(29), [])
      assert.strictEqual(yield* asked("b"), 1)
      // The looks are at about 30, 90, 210 and 450 s.
      assert.deepStrictEqual(yield* traffic(300 - 29), [])
      assert.strictEqual(yield* asked("b"), 4)
    }).pipe(Effect.provide(services())))

  it.effect("is asked again once it answered a call that looked, and at once if somebody says so", () =>
    Effect.gen(function*() {
      const { explain, readmit } = yield* Members.Members
      yield* fault({ status, when: { project: "b", times: 1 } })
      yield* traffic(10)
      assert.strictEqual(yield* asked("b"), 1)
      const { candidates } = yield* explain({ model, contents: "Hi" })
      const excluded = candidates.find(({ member }) => member === "b")?.excluded
      assert.strictEqual(excluded, status === 404 ? "model" : "key")
      yield* readmit("b")
      yield* traffic(30)
      assert.isAtLeast(yield* asked("b"), 10)

      yield* fault({ status, when: { project: "c", times: 1 } })
      yield* traffic(60)
      const before = yield* asked("c")
      yield* traffic(30)
      assert.isAtLeast((yield* asked("c")) - before, 5)
    }).pipe(Effect.provide(services())))

  it.effect("says nothing of the member where the request names a file", () =>
    Effect.gen(function*() {
      const { remember } = yield* Members.Members
      yield* remember("files/xyz", "b")
      yield* fault({ status, when: { project: "b", times: 1 } })
      const uri = "https://generativelanguage.googleapis.com/v1beta/files/xyz"
      const gemini = yield* GeminiClient.GeminiClient
      const contents = [{ fileData: { fileUri: uri, mimeType: "text/plain" } }]
      yield* Effect.flip(gemini.generate({ model, contents }))
      yield* traffic(9)
      assert.isAtLeast(yield* asked("b"), status === 401 ? 1 : 3)
    }).pipe(Effect.provide(services())))
})

describe("everywhere", () => {
  it.effect("a refused key is told without sending, and once more to a call that looks", () =>
    Effect.gen(function*() {
      yield* fault({ status: 401 })
      const reasons = yield* traffic(29)
      assert.deepStrictEqual(new Set(reasons), new Set(["Unauthenticated"]))
      assert.strictEqual(reasons.length, 29)
      const sent = (yield* asked("a")) + (yield* asked("b")) + (yield* asked("c"))
      assert.strictEqual(sent, 3)
      const error = yield* Effect.flip(generate())
      assert.include(error.message, "Members.readmit")
      // A call that names its member is sent.
      const named = yield* generate().pipe(MemberCall.set({ member: "a" }), Effect.flip)
      assert.strictEqual(named.status, 401)
    }).pipe(Effect.provide(services())))

  it.effect("a model that nobody has is NotFound, said by the server, by one request a call", () =>
    Effect.gen(function*() {
      yield* fault({ status: 404, when: { model } })
      assert.deepStrictEqual(new Set(yield* traffic(20)), new Set(["NotFound"]))
      const sent = (yield* asked("a")) + (yield* asked("b")) + (yield* asked("c"))
      assert.strictEqual(sent, 3 + 19)
      // The other models are not left out with it.
      assert.deepStrictEqual(yield* traffic(9, other), [])
    }).pipe(Effect.provide(services())))
})

describe("a sticky key", () => {
  it.effect.each([{ error: { code: 503 } }, { reset: true as const }, { status: 401 }, { status: 404 }])(
    "moves where its member is dead (%o), and stays where it moved",
    (dead) =>
      Effect.gen(function*() {
        const sticky = generate().pipe(MemberCall.set({ sticky: "conversation" }))
        yield* Effect.andThen(sticky, sticky)
        assert.strictEqual(yield* asked("a"), 2)
        yield* fault({ ...dead, when: { project: "a", times: 1 } })
        const moved = yield* sticky
        assert.deepStrictEqual(moved.attempts.map(({ member }) => member), ["a", "b"])
        yield* Effect.forEach([1, 2, 3], () => sticky)
        assert.strictEqual(yield* asked("a"), 3)
        assert.strictEqual(yield* asked("b"), 4)
      }).pipe(Effect.provide(services()))
  )
})

describe("a model by its name", () => {
  const get = GeminiClient.GeminiClient.use((gemini) => gemini.getModel(model))

  it.effect("is read from the next region where one does not have it", () =>
    Effect.gen(function*() {
      yield* fault({ status: 404, when: { project: "a" } })
      yield* fault({ status: 404, when: { project: "b" } })
      assert.strictEqual((yield* get).name, `models/${model}`)
      assert.deepStrictEqual(yield* Effect.forEach(["a", "b", "c"], asked), [1, 1, 1])
    }).pipe(Effect.provide(services())))

  it.effect("is not found only if no region has it", () =>
    Effect.gen(function*() {
      yield* fault({ status: 404 })
      const error = yield* Effect.flip(get)
      assert.strictEqual(error.reason._tag, "NotFound")
      assert.strictEqual(error.attempts.length, 3)
    }).pipe(Effect.provide(services())))

  it.effect.each([0, 1, 2])(
    "is not said to be missing while one of them does not answer (%i)",
    (silent) =>
      Effect.gen(function*() {
        const name = ["a", "b", "c"][silent] ?? ""
        yield* fault({ status: 503, when: { project: name } })
        yield* fault({ status: 404 })
        const error = yield* Effect.flip(get)
        assert.strictEqual(error.reason._tag, "Overloaded")
        assert.strictEqual(error.attempts.length, 3)
      }).pipe(Effect.provide(services({ retry: { attempts: 1 } })))
  )
})
