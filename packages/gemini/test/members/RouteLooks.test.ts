/** What a call finds when it looks at its ways: every candidate whole, when nobody need look, and until when it may. */
import { assert, describe, it } from "@effect/vitest"
import type { MemberChoice } from "effect-gemini/members/Member"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { choiceOf } from "../../src/internal/members/Found.ts"
import { Route } from "../../src/internal/members/Route.ts"
import { WaitingPlace } from "../../src/internal/members/WaitingRoom.ts"
import * as Lanes from "./scriptedLanes.ts"

type Made = Effect.Success<ReturnType<typeof Lanes.make>>

const plain = (member: string, more: Partial<MemberChoice> = {}): MemberChoice => ({
  member,
  project: member,
  location: "global",
  model: Lanes.model,
  headroom: { admitsIn: 0, waiting: 0, free: 1 },
  circuit: "closed",
  isKeyRefused: false,
  availableIn: 0,
  ...more
})

const choices = (route: Route) => Effect.map(route.look, (found) => found.map(choiceOf))
const made = (asked: Route | Effect.Effect<Route>) => asked instanceof Route ? Effect.succeed(asked) : asked
const site = (member: string) => ({ member, model: Lanes.model, family: "generate" })

describe("a candidate is told with all that is known of it", () => {
  const rows: ReadonlyArray<
    readonly [name: string, ask: (lanes: Made) => Route | Effect.Effect<Route>, expected: ReadonlyArray<MemberChoice>]
  > = [
    ["where nothing happened", (lanes) => lanes.route(), [plain("a"), plain("b")]],
    ["where its key was refused", (lanes) => {
      lanes.refusals.refused("a", 0, 0)
      return lanes.route()
    }, [plain("b"), plain("a", { isKeyRefused: true, excluded: "key", availableIn: 30_000 })]],
    ["where its key was refused for another model", (lanes) => {
      lanes.refusals.refused(`a/${Lanes.other}`, 0, 0)
      return lanes.route()
    }, [plain("a"), plain("b")]],
    ["where it does not have the model, which says nothing of its key", (lanes) => {
      lanes.refusals.modelMissing(site("a"), 0, 0)
      return lanes.route()
    }, [plain("a", { excluded: "model", availableIn: 30_000 }), plain("b")]],
    ["where it has no model for another kind of call", (lanes) => {
      lanes.refusals.modelMissing({ ...site("a"), family: "live" }, 0, 0)
      return lanes.route()
    }, [plain("a"), plain("b")]],
    ["where nobody has the model: then one is asked all the same", (lanes) => {
      lanes.refusals.modelMissing(site("a"), 0, 0)
      lanes.refusals.modelMissing(site("b"), 0, 0)
      return lanes.route()
    }, [plain("a"), plain("b")]],
    ["where the caller named it: then nothing keeps the call away", (lanes) => {
      lanes.refusals.refused("a", 0, 0)
      lanes.refusals.modelMissing(site("b"), 0, 0)
      return lanes.route(undefined, { isNamed: true })
    }, [plain("a"), plain("b")]],
    ["where its quota has no room", (lanes) => {
      lanes.script("a").admitsIn = 7
      return lanes.route()
    }, [
      plain("b"),
      plain("a", { headroom: { admitsIn: 7, waiting: 0, free: 1 }, excluded: "quota", availableIn: 7 })
    ]],
    [
      "where its circuit is open",
      (lanes) => Effect.as(lanes.open(lanes.way(0)), lanes.route()),
      [plain("a", { circuit: "open", excluded: "circuit", availableIn: 5_000 }), plain("b")]
    ],
    ["where the calls of its key go elsewhere", (lanes) => {
      lanes.table.owners.set("sticky:s", "b")
      return lanes.route(undefined, { sticky: "s" })
    }, [plain("a", { excluded: "sticky", availableIn: Infinity }), plain("b")]],
    ["where the calls of another key go elsewhere", (lanes) => {
      lanes.table.owners.set("sticky:s", "b")
      return lanes.route(undefined, { sticky: "t" })
    }, [plain("a"), plain("b")]],
    ["where who the calls of its key went to is refused now", (lanes) => {
      lanes.table.owners.set("sticky:s", "b")
      lanes.refusals.refused("b", 0, 0)
      return lanes.route(undefined, { sticky: "s" })
    }, [plain("a"), plain("b", { isKeyRefused: true, excluded: "key", availableIn: 30_000 })]],
    [
      "where it is to be avoided",
      (lanes) => lanes.route(undefined, { avoid: ["a"] }),
      [plain("b"), plain("a")]
    ]
  ]
  for (const [name, ask, expected] of rows) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const lanes = yield* Lanes.make({ a: {}, b: {} })
        assert.deepStrictEqual(yield* choices(yield* made(ask(lanes))), expected)
      }))
  }

  it.effect("by the place of its model, and what its lane is asked", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} }, { models: [Lanes.other, Lanes.model] })
      const route = lanes.route({ priority: "batch" }, { tokens: () => 9 })
      assert.deepStrictEqual(
        (yield* route.look).map(({ modelRank, way }) => [way.member.name, way.model, modelRank]),
        [["a", Lanes.other, 0], ["b", Lanes.other, 0], ["a", Lanes.model, 1], ["b", Lanes.model, 1]]
      )
      assert.deepStrictEqual(
        lanes.looks.map((
          { lane: { project, quotaModel }, priority, tokens }
        ) => [project, quotaModel, priority, tokens]),
        [
          ["a", Lanes.other, "batch", 9],
          ["b", Lanes.other, "batch", 9],
          ["a", Lanes.model, "batch", 9],
          ["b", Lanes.model, "batch", 9]
        ]
      )
      assert.strictEqual(route.estimate, 9)
      yield* lanes.route().look
      assert.isFalse("priority" in (lanes.looks.at(-1) ?? {}))
    }))
})

describe("the first of all, without a look at the others", () => {
  it.effect("is the same as the look finds, in every field", () =>
    Effect.gen(function*() {
      const members = {
        a: { regionRank: 1, weight: 2, calls: 5 },
        b: { regionRank: 1, weight: 2, calls: 4 },
        c: { regionRank: 2 }
      }
      const options = { members, models: [Lanes.model, Lanes.other], isSeen: true }
      const lanes = yield* Lanes.make({ a: { free: 0.5 }, b: { free: 0.5 }, c: {} }, options)
      yield* TestClock.adjust("3 seconds")
      const route = lanes.route({ priority: "batch" }, { tokens: () => 9, total: 10_000 })
      const first = yield* route.first
      assert.strictEqual(first?.way.member.name, "b")
      assert.deepStrictEqual([route.estimate, route.now, route.remaining], [9, 3_000, 10_000])
      // The other model's lanes are not looked at, nor those of a region that comes later.
      assert.deepStrictEqual(lanes.looks.map(({ lane, priority }) => [lane.project, lane.quotaModel, priority]), [
        ["a", Lanes.model, "batch"],
        ["b", Lanes.model, "batch"]
      ])
      assert.deepStrictEqual(first, (yield* route.look)[0])
      yield* lanes.route().first
      assert.isFalse("priority" in (lanes.looks.at(-1) ?? {}))
    }))

  const rows: ReadonlyArray<
    readonly [name: string, ask: (lanes: Made) => Route | Effect.Effect<Route>, isFound?: boolean]
  > = [
    ["nothing is known of any", (lanes) => lanes.route(), true],
    ["somebody waits", (lanes) => {
      lanes.room.enter(new WaitingPlace("somebody", false))
      return lanes.route()
    }],
    ["anything is refused", (lanes) => {
      lanes.refusals.refused("elsewhere", 0, 0)
      return lanes.route()
    }],
    ["a circuit is open", (lanes) => Effect.as(lanes.open(lanes.way(1)), lanes.route())],
    ["a circuit was not closed when it was last seen", (lanes) => {
      lanes.turns.began(lanes.way(1).circuit("generate"), 0)
      return lanes.route()
    }],
    ["a circuit that it does not go by was not closed", (lanes) => {
      lanes.turns.began("elsewhere", 0)
      return lanes.route()
    }, true],
    ["this call was turned away", (lanes) => {
      const route = lanes.route()
      return Effect.as(route.rejected(lanes.way(1)), route)
    }],
    ["the call has a key", (lanes) => lanes.route(undefined, { sticky: "s" })],
    ["the call avoids somebody", (lanes) => lanes.route(undefined, { avoid: ["b"] })],
    ["the call is told of its candidates", (lanes) => lanes.route({ observe: () => Effect.void })],
    ["the call has options that change nothing", (lanes) => lanes.route({ maxQueue: 1 }), true],
    ["its tokens are to be counted first", (lanes) => lanes.route(undefined, { counted: Effect.succeed(5) })],
    ["its tokens were counted", (lanes) => {
      const route = lanes.route(undefined, { counted: Effect.succeed(5) })
      return Effect.as(route.look, route)
    }, true],
    ["it has no way", (lanes) => lanes.route(undefined, { ways: [] })],
    ["no lane has room", (lanes) => {
      lanes.script("a").admitsIn = 1
      lanes.script("b").admitsIn = 1
      return lanes.route()
    }]
  ]
  for (const [name, ask, isFound = false] of rows) {
    it.effect(`is ${isFound ? "" : "not "}known where ${name}`, () =>
      Effect.gen(function*() {
        const lanes = yield* Lanes.make({ a: {}, b: {} }, { isSeen: true })
        const route = yield* made(ask(lanes))
        assert.strictEqual((yield* route.first)?.way.member.name, isFound ? "a" : undefined)
      }))
  }

  it.effect("is not known of a limiter that cannot be asked on the call", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {} })
      assert.isUndefined(yield* lanes.route().first)
    }))

  it.effect("takes the count of the tokens, where there is one, for the estimate", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {} }, { isSeen: true })
      const route = lanes.route(undefined, { counted: Effect.succeed(5), tokens: () => 9 })
      yield* route.look
      yield* route.first
      assert.strictEqual(route.estimate, 5)
      assert.deepStrictEqual(lanes.looks.map(({ tokens }) => tokens), [5, 5])
    }))
})

describe("the time that a call has", () => {
  it.effect("begins with its first look, however that was", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {} }, { isSeen: true })
      for (const begin of ["first", "look"] as const) {
        const route = lanes.route(undefined, { total: 10_000 })
        assert.strictEqual(route.remaining, Infinity)
        yield* TestClock.adjust("1 second")
        yield* route[begin]
        assert.strictEqual(route.remaining, 10_000)
        yield* TestClock.adjust("4 seconds")
        yield* route.look
        assert.strictEqual(route.remaining, 6_000)
        yield* route.first
        assert.strictEqual(route.remaining, 6_000)
      }
      const endless = lanes.route()
      yield* endless.look
      assert.strictEqual(endless.remaining, Infinity)
    }))

  it.effect("must be longer than the circuit is open and a probe takes, to the millisecond", () =>
    Effect.gen(function*() {
      for (const [waited, opensIn] of [[9_999, 5_000], [10_000, Infinity]] as const) {
        const lanes = yield* Lanes.make({ a: {} })
        const route = lanes.route(undefined, { total: 20_000 })
        assert.deepStrictEqual((yield* route.look).map(({ opensIn }) => opensIn), [0])
        yield* TestClock.adjust(waited)
        yield* lanes.open(lanes.way(0))
        // Five seconds it is open, and five, a quarter of its time, is what a probe's silence must last.
        assert.deepStrictEqual((yield* route.look).map(({ opensIn }) => opensIn), [opensIn])
      }
    }))

  it.effect("closes no way whose circuit is closed, however little it is", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      const route = lanes.route(undefined, { total: 0 })
      yield* lanes.open(lanes.way(1))
      assert.deepStrictEqual((yield* route.look).map(({ opensIn }) => opensIn), [0, Infinity])
    }))
})
