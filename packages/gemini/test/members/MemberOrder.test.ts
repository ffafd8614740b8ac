import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as MemberOrder from "../../src/internal/members/order.ts"

describe("the order of candidates", () => {
  const usual = {
    failures: 0,
    modelRank: 0,
    regionRank: 0,
    isKeyRefused: false,
    headroom: { admitsIn: 0, waiting: 0, free: 1 },
    weight: 1,
    calls: 0
  }
  type Row = Partial<Omit<MemberOrder.Contender, "share">>
  const contender = <R extends Row>(row: R) => {
    const all = { ...usual, ...row }
    return { ...all, share: MemberOrder.usedShare(all.headroom, all.weight) }
  }
  const first = (...rows: ReadonlyArray<Row>) =>
    rows.indexOf(MemberOrder.order(rows.map((row) => ({ ...contender(row), row })))[0]?.row ?? {})
  const room = (admitsIn: number, free = 0) => ({ headroom: { admitsIn, waiting: 0, free } })

  it("is that of the table in MEMBERS.md, each row before the next", () => {
    assert.strictEqual(first({ ...room(10) }, { failures: 9 }), 1)
    assert.strictEqual(first({ ...room(10) }, { ...room(5), failures: 9 }), 1)
    assert.strictEqual(first({ failures: 1 }, { modelRank: 9 }), 1)
    assert.strictEqual(first({ modelRank: 1 }, { isKeyRefused: true }), 1)
    assert.strictEqual(first({ isKeyRefused: true }, { regionRank: 9 }), 1)
    assert.strictEqual(first({ regionRank: 1 }, room(0, 0.1)), 1)
    assert.strictEqual(first(room(0, 0.1), { ...room(0, 0.2), calls: 9 }), 1)
    assert.strictEqual(first({ calls: 9 }, { calls: 8 }), 1)
  })

  it("weighs: three times the weight, three times the share", () => {
    assert.strictEqual(first(room(0, 0.5), { ...room(0, 0), weight: 3 }), 1)
    assert.strictEqual(first({ calls: 10 }, { calls: 29, weight: 3 }), 1)
    assert.strictEqual(first({ calls: 10 }, { calls: 31, weight: 3 }), 0)
  })

  it("of those that never admit it is still one order", () => {
    assert.strictEqual(first(room(Infinity), { ...room(Infinity), modelRank: 1 }), 0)
  })

  it("takes shares that round to the same half percent as equal, and others not", () => {
    // 0.4975 used more or less: 99.5 half percents, where rounding turns.
    assert.strictEqual(MemberOrder.compare(contender(room(0, 1 - 0.497)), contender(room(0, 1 - 0.495))), 0)
    assert.isAbove(MemberOrder.compare(contender(room(0, 1 - 0.498)), contender(room(0, 1 - 0.497))), 0)
    assert.isBelow(MemberOrder.compare(contender(room(0, 1 - 0.497)), contender(room(0, 1 - 0.498))), 0)
  })

  it.effect.prop(
    "has the first that is found without looking at every lane",
    { seed: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 31 - 1 })) },
    ({ seed }) =>
      Effect.sync(() => {
        let state = seed
        const below = (limit: number) => (state = (Math.imul(state, 48271) >>> 0) % 2147483647) % limit
        const regions = 1 + below(3)
        const used = [1, 3, 400][below(3)] ?? 1
        const candidates = Array.from({ length: 1 + below(40) }, (_, place) => ({
          place,
          member: { regionRank: below(regions), weight: 1 + below(3), calls: below(5) },
          isOpen: below(8) > 0,
          headroom: {
            admitsIn: below(4) === 0 ? [1, 500, Infinity][below(3)] ?? 1 : 0,
            waiting: 0,
            free: 1 - below(used) / 400
          }
        }))
        const open = candidates.filter(({ isOpen }) => isOpen)
        const [expected] = MemberOrder.order(open.map(({ headroom, member, place }) => ({
          ...usual,
          ...member,
          place,
          headroom,
          share: MemberOrder.usedShare(headroom, member.weight)
        })))
        const found = MemberOrder.first(candidates, ({ headroom, isOpen }) => isOpen ? headroom : undefined)
        const isAdmitted = expected !== undefined && expected.headroom.admitsIn === 0
        assert.strictEqual(found?.candidate.place, isAdmitted ? expected.place : undefined, `seed ${seed}`)
        if (found !== undefined) assert.strictEqual(found.share, expected?.share)
      }),
    { arbitrary: { runs: 2_000 } }
  )

  it("looks at the lane of nobody who cannot be before the best so far", () => {
    const candidates = Array.from({ length: 1_000 }, (_, place) => ({
      place,
      member: { regionRank: place < 500 ? 0 : 1, weight: 1, calls: place < 300 ? 8 : 7 }
    }))
    const looked: Array<number> = []
    const found = MemberOrder.first(candidates, ({ place }) => {
      looked.push(place)
      return usual.headroom
    })
    assert.strictEqual(found?.candidate.place, 300)
    assert.deepStrictEqual(looked, [0, 300])
  })

  it("compares each pair the same from both sides, and nothing with itself", () => {
    const rows = [
      {},
      room(0, 0.3),
      room(1),
      room(10),
      room(Infinity),
      { failures: 1 },
      { modelRank: 1 },
      { isKeyRefused: true },
      { regionRank: 1 },
      { weight: 3, calls: 5 },
      { calls: 1 }
    ].map(contender)
    for (const a of rows) {
      for (const b of rows) {
        const there = MemberOrder.compare(a, b)
        assert.isFalse(Number.isNaN(there))
        assert.strictEqual(Math.sign(there), 0 - Math.sign(MemberOrder.compare(b, a)))
        if (a === b) assert.strictEqual(there, 0)
      }
    }
  })

  it("keeps the order of those that are equal, and leaves the list that it was given as it is", () => {
    const rows = ["b", "a", "c"].map((name) => ({ ...contender({}), name }))
    assert.deepStrictEqual(MemberOrder.order(rows).map(({ name }) => name), ["b", "a", "c"])
    const mixed = [{ ...contender({ calls: 2 }), name: "later" }, { ...contender({}), name: "first" }]
    assert.deepStrictEqual(MemberOrder.order(mixed).map(({ name }) => name), ["first", "later"])
    assert.deepStrictEqual(mixed.map(({ name }) => name), ["later", "first"])
  })
})
