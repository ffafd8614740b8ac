import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { FairQueue } from "../../src/internal/members/FairQueue.ts"

interface Place {
  readonly id: number
  readonly caller: string
  readonly isBatch: boolean
}

const drain = (queue: FairQueue<Place>): ReadonlyArray<Place> => {
  const admitted: Array<Place> = []
  for (let head = queue.head; head !== undefined; head = queue.head) {
    queue.admit(head)
    admitted.push(head)
  }
  return admitted
}

const caller = Schema.Literals(["a", "b", "c", "d"])
const arrival = Schema.Struct({ caller, isBatch: Schema.Boolean, leaves: Schema.Boolean })

describe("the order of those who wait", () => {
  it.effect.prop(
    "no caller that waits is more than one admission ahead of another of its priority",
    { arrivals: Schema.Array(arrival) },
    ({ arrivals }) =>
      Effect.sync(() => {
        const queue = new FairQueue<Place>()
        const places = arrivals.map((arrival, id) => ({ ...arrival, id }))
        for (const place of places) queue.enter(place)
        for (const place of places) if (place.leaves) queue.leave(place)
        const stays = places.filter(({ leaves }) => !leaves)
        assert.strictEqual(queue.size, stays.length)
        const admitted = drain(queue)
        assert.strictEqual(queue.size, 0)
        assert.deepStrictEqual(admitted.map(({ id }) => id).toSorted((a, b) => a - b), stays.map(({ id }) => id))
        for (const isBatch of [false, true]) {
          const waiting: ReadonlyMap<string, ReadonlyArray<Place>> = Map.groupBy(
            stays.filter((place) => place.isBatch === isBatch),
            ({ caller }) => caller
          )
          const given = new Map<string, number>()
          for (const place of admitted.filter((place) => place.isBatch === isBatch)) {
            const mine = given.get(place.caller) ?? 0
            given.set(place.caller, mine + 1)
            // Within a caller, in the order of coming.
            assert.strictEqual(waiting.get(place.caller)?.[mine]?.id, place.id)
            for (const [other, theirs] of waiting) {
              const got = given.get(other) ?? 0
              if (got < theirs.length) assert.isAtMost(mine - got, 1)
            }
          }
        }
      })
  )

  it("every ninth admission is a batch call's while both wait", () => {
    const queue = new FairQueue<Place>()
    for (let id = 0; id < 40; id++) queue.enter({ id, caller: "a", isBatch: id % 2 === 1 })
    const admitted = drain(queue)
    assert.deepStrictEqual(
      admitted.slice(0, 22).flatMap(({ isBatch }, i) => isBatch ? [i] : []),
      [8, 17]
    )
  })

  it("a hundred thousand that wait cost no time that grows with them", () => {
    const queue = new FairQueue<Place>()
    for (let id = 0; id < 100_000; id++) queue.enter({ id, caller: `caller ${id % 1_000}`, isBatch: false })
    const began = performance.now()
    assert.strictEqual(drain(queue).length, 100_000)
    assert.isBelow(performance.now() - began, 5_000)
  })
})
