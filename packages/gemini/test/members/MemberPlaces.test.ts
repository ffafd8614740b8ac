/** Where something is made, and who is asked for it, by all that is known of the members. */
import { assert, describe, it } from "@effect/vitest"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import type { Options } from "effect-gemini/Members"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as MemberPlaces from "../../src/internal/members/memberPlaces.ts"
import * as MemberTable from "../../src/internal/members/MemberTable.ts"
import type { MemberState } from "../../src/internal/members/Way.ts"

const client = HttpClient.make(() => Effect.die("nothing is sent"))
const failure = (reason: Reason.GeminiErrorReason) => new GeminiError({ method: "m", attempts: [], reason })
const overloaded = failure(new Reason.Overloaded({}))
const refused = failure(new Reason.Unauthenticated({}))
const invalid = failure(new Reason.InvalidRequest({ fields: [] }))

const state = (name: string, more: Partial<MemberState> = {}): MemberState => ({
  name,
  project: name,
  location: "global",
  regionRank: 0,
  weight: 1,
  isKeyRefused: false,
  calls: 0,
  ...more
} as unknown as MemberState)

const make = (states: ReadonlyArray<MemberState> = ["a", "b", "c"].map((name) => state(name)), more: object = {}) => {
  const options: Options = {
    members: states.map(({ name }) => ({ name, apiKey: Redacted.make("k") })),
    ...more
  }
  const table = new MemberTable.MemberTable(states)
  // The gate is none of what places ask.
  const places = MemberPlaces.make({ options, table, client } as unknown as Parameters<typeof MemberPlaces.make>[0], [])
  const about = (...resources: ReadonlyArray<string>) => ({
    field: "name",
    resources: resources.map((name) => ({ name }))
  })
  const makers = (call: MemberCall.MemberCall = {}, ...resources: ReadonlyArray<string>) =>
    places.makers(about(...resources)).pipe(
      Effect.map((found) => found.map(({ name }) => name).join("")),
      MemberCall.set(call),
      Effect.catch((reason) =>
        Effect.succeed(
          reason._tag === "InvalidRequest"
            ? `${reason.fields[0]?.field}: ${reason.fields[0]?.description}`
            : reason._tag
        )
      )
    )
  const owner = (call: MemberCall.MemberCall, ...resources: ReadonlyArray<string>) =>
    places.owner(about(...resources)).pipe(
      Effect.map(({ name }) => name ?? ""),
      MemberCall.set(call),
      Effect.catch((reason) =>
        Effect.succeed(
          reason._tag === "InvalidRequest"
            ? `${reason.fields[0]?.field}: ${reason.fields[0]?.description}`
            : reason._tag
        )
      )
    )
  const place = (name: string) => Effect.map(places.makers(about()), (found) => found.find((one) => one.name === name))
  const told = (name: string, error: GeminiError | undefined, call: MemberCall.MemberCall = {}) =>
    Effect.flatMap(place(name), (one) => one === undefined ? Effect.void : places.heard(one, error)).pipe(
      MemberCall.set(call)
    )
  const asked = (name: string) => Effect.map(place(name), (one) => one && places.asked(one))
  return { table, places, makers, owner, told, asked, states }
}

describe("something new is made", () => {
  it.effect("where the least was made, by weight", () =>
    Effect.gen(function*() {
      const { asked, makers, places } = make([state("a"), state("b", { weight: 2 }), state("c")])
      assert.deepStrictEqual(places.names, ["a", "b", "c"])
      assert.strictEqual(yield* makers(), "abc")
      yield* asked("a")
      assert.strictEqual(yield* makers(), "bca")
      yield* asked("b")
      assert.strictEqual(yield* makers(), "cba")
      yield* asked("b")
      assert.strictEqual(yield* makers(), "cab")
    }))

  it.effect("in the region that is named first, at who is not avoided, whose key was taken, and who rests not", () =>
    Effect.gen(function*() {
      const { asked, makers, told } = make([
        state("a"),
        state("b", { regionRank: 1 }),
        state("c", { regionRank: 2 }),
        state("d")
      ])
      assert.strictEqual(yield* makers(), "adbc")
      yield* Effect.replicateEffect(asked("d"), 5)
      assert.strictEqual(yield* makers(), "adbc")
      assert.strictEqual(yield* makers({ avoid: ["a", "d"] }), "bcad")
      yield* told("b", refused)
      assert.strictEqual(yield* makers({ avoid: ["a", "d"] }), "cadb")
      yield* told("b", undefined)
      assert.strictEqual(yield* makers({ avoid: ["a", "d"] }), "bcad")
      yield* told("a", overloaded)
      assert.strictEqual(yield* makers(), "dbca")
      yield* told("b", refused)
      // Who rests comes after whose key was refused.
      assert.strictEqual(yield* makers(), "dcba")
      yield* TestClock.adjust(4_999)
      assert.strictEqual(yield* makers(), "dcba")
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* makers(), "adcb")
    }))

  it.effect("at once again where another answer came, or a failure that is no outage", () =>
    Effect.gen(function*() {
      const { makers, told } = make()
      yield* told("a", overloaded)
      assert.strictEqual(yield* makers(), "bca")
      yield* told("a", invalid)
      assert.strictEqual(yield* makers(), "abc")
      yield* told("a", overloaded)
      yield* told("a", undefined)
      assert.strictEqual(yield* makers(), "abc")
    }))

  it.effect("beside who answered the last call of its key, which the first answer decides", () =>
    Effect.gen(function*() {
      const { makers, table, told } = make([state("a"), state("b", { project: "p" }), state("c", { project: "p" })])
      const call = { sticky: "s" }
      yield* told("b", overloaded, call)
      yield* told("b", invalid, call)
      yield* TestClock.adjust(10_000)
      assert.strictEqual(yield* makers(call), "abc")
      yield* told("c", undefined)
      assert.strictEqual(yield* makers(call), "abc")
      yield* told("b", undefined, call)
      assert.strictEqual(yield* makers(call), "bca")
      yield* told("a", undefined, call)
      assert.strictEqual(table.owners.get(MemberTable.stickyKey("s")), "b")
      assert.strictEqual(yield* makers({ sticky: "other" }), "abc")
    }))

  it.effect("at the member that is named, or those that see what it is made of", () =>
    Effect.gen(function*() {
      const { makers, places } = make([state("a", { project: "p" }), state("b", { project: "p" }), state("c")])
      assert.strictEqual(yield* makers({ member: "c" }), "c")
      assert.match(yield* makers({ member: "x" }), /^member: no member is called "x"/)
      assert.match(yield* makers({}, "files/f"), /^name: it is not known which member made files\/f/)
      places.remember("files/f", "b")
      places.remember("files/g", undefined)
      assert.strictEqual(yield* makers({}, "files/f"), "ab")
      assert.match(yield* makers({}, "files/g"), /not known/)
      assert.match(yield* makers({ member: "c" }, "files/f"), /kept by the member "b"/)
    }))

  it.effect("nowhere by options that cannot be meant", () =>
    Effect.gen(function*() {
      const { makers, owner } = make(undefined, { tier: "tier9" })
      assert.match(yield* makers(), /^tier: /)
      assert.match(yield* owner({}, "files/f"), /^tier: /)
    }))
})

describe("what is there is asked of", () => {
  it.effect("the member that made it, of several that see it, too", () =>
    Effect.gen(function*() {
      const { asked, owner, places } = make([state("a", { project: "p" }), state("b", { project: "p" }), state("c")])
      places.remember("files/f", "b")
      yield* asked("b")
      assert.strictEqual(yield* owner({}, "files/f"), "b")
      assert.strictEqual(yield* owner({ member: "a" }, "files/f"), "a")
      places.remember("files/f", "c")
      assert.strictEqual(yield* owner({}, "files/f"), "c")
    }))
  it.effect("the member that is named, and of one project anybody", () =>
    Effect.gen(function*() {
      const several = make()
      assert.strictEqual(yield* several.owner({ member: "b" }, "files/x"), "b")
      const one = make([state("a", { project: "p" }), state("b", { project: "p" })])
      assert.strictEqual(yield* one.owner({}, "files/x"), "a")
      const alone = make([state("a")])
      assert.strictEqual(yield* alone.owner({}), "a")
    }))
  it.effect("nobody where each member has its own, by their names", () =>
    Effect.gen(function*() {
      const { owner } = make()
      assert.strictEqual(
        yield* owner({}),
        "name: each member has its own: name the one that is asked by MemberCall.set({ member }); there are a, b, c"
      )
      const one = make([state("a", { project: "p" }), state("b", { project: "p" })])
      assert.match(yield* one.owner({}), /^name: each member has its own/)
    }))
})
