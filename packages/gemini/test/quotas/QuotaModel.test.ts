/**
 * Lanes, members, budgets and circuits together against a server that counts for itself: random traffic, limits,
 * aliases, outages, 429s of every kind, clocks that are set, a Redis whose answers are late or lost. Each run is made from a seed; one that fails is made smaller
 * and shown with what it broke.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { Redis } from "effect/persistence/Redis"
import * as Scope from "effect/Scope"
import { isProving, seedOf, sizeOf } from "../../../../scripts/proof.ts"
import * as RedisServer from "../limiter/RedisServer.ts"
import { judge } from "./QuotaJudge.ts"
import { play } from "./QuotaPlay.ts"
import { make, makeShared, type Program, smaller } from "./QuotaProgram.ts"

const line = "30.2"
const parts = 10
const first = seedOf(line, 1)
const timeout = isProving(line) ? 1_800_000 : 120_000
/** A program is made smaller in at most so many runs. */
const mostRuns = 400

type Broken = (program: Program) => Promise<ReturnType<typeof judge>>

const smallest = async (program: Program, rule: string, broken: Broken): Promise<Program> => {
  let runs = 0
  search: for (let least = program;;) {
    for (const less of smaller(least)) {
      if (++runs > mostRuns) return least
      if ((await broken(less)).some((violation) => violation.rule === rule)) {
        least = less
        continue search
      }
    }
    return least
  }
}

const shown = (program: Program): string =>
  JSON.stringify(program, (_, value: unknown) => value === Infinity ? "Infinity" : value)

/** Plays the programs of so many seeds, and shows the first that breaks something. */
const hold = async (from: number, count: number, of: (seed: number) => Program, broken: Broken): Promise<void> => {
  for (let seed = from; seed < from + count; seed++) {
    const [violation] = await broken(of(seed))
    if (violation === undefined) continue
    const small = await smallest(of(seed), violation.rule, broken)
    const found = (await broken(small)).slice(0, 5).map(({ rule, says }) => `${rule}: ${says}`)
    assert.fail(
      `seed ${seed} breaks "${violation.rule}": ${violation.says}\nthe small program ${shown(small)}\nbreaks ${
        found.join("\n")
      }`
    )
  }
}

describe("calls against a server that counts", () => {
  const each = sizeOf(line, { test: 300, prove: 9_000 }) / parts

  it.each(Array.from({ length: parts }, (_, part) => part))(
    `keep tier, budget and answers in any weather: part %i of ${parts}`,
    (part) => hold(first + part * each, each, make, async (program) => judge(await play(program))),
    timeout
  )

  // What each of them once broke is mended, or was asked for in vain: a key that was let in again woke nobody.
  it.each([1270, 3350, 3983, 7121, 8373, 172735, 173634, 174376, 176285, 179890, 181305])(
    "keep them in the run of seed %i",
    (seed) => hold(seed, 1, make, async (program) => judge(await play(program))),
    timeout
  )
})

if (!RedisServer.isInstalled) {
  describe("calls of processes that share a Redis, against a server that counts", () => {
    it.skip(`keep tier, budget and answers in any weather (${RedisServer.skipReason})`, () => {})
  })
}

describe.runIf(RedisServer.isInstalled)("calls of processes that share a Redis, against a server that counts", () => {
  const each = sizeOf(line, { test: 20, prove: 1_000 }) / parts
  const scope = Scope.makeUnsafe()
  let redis: Redis["Service"] | undefined
  beforeAll(async () => {
    redis = Context.get(await Effect.runPromise(Scope.provide(Layer.build(RedisServer.layer), scope)), Redis)
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  it.each(Array.from({ length: parts }, (_, part) => part))(
    `keep tier, budget and answers, though its answers are late or lost: part %i of ${parts}`,
    (part) => hold(first + part * each, each, makeShared, async (program) => judge(await play(program, redis))),
    timeout
  )

  // A Redis that came back was told of what lay a day behind as if it were sent now, and a step that was asked again and
  // came late counted twice, among others.
  it.each([345, 514, 667, 899, 944, 172630, 172735])(
    "keep them in the run of seed %i",
    (seed) => hold(seed, 1, makeShared, async (program) => judge(await play(program, redis))),
    timeout
  )
})
