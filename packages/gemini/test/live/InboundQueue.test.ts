/** What was received and is not read yet: its bound at equality, its end, and who is waked when. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { InboundQueue } from "../../src/internal/live/InboundQueue.ts"

const queue = (limit = 10) => new InboundQueue<string, string>(limit)
/** What is done behind the code that runs now. */
const soon = Effect.promise(() => Promise.resolve())

const stands = (inbound: InboundQueue<string, string>) => [inbound.size, inbound.bytes]

describe("the bound of what waits to be read", () => {
  it("takes up to its bytes exactly, and not one more", () => {
    const inbound = queue()
    assert.strictEqual(inbound.limit, 10)
    assert.isTrue(inbound.push("a", 4))
    assert.isTrue(inbound.push("b", 6))
    assert.deepStrictEqual(stands(inbound), [2, 10])
    assert.isFalse(inbound.push("c", 1))
    // What is refused was not taken in, and nothing else is lost.
    assert.deepStrictEqual(stands(inbound), [2, 10])
    assert.isTrue(inbound.push("d", 0))
    assert.deepStrictEqual(inbound.takeAll(), ["a", "b", "d"])
    assert.deepStrictEqual(stands(inbound), [0, 0])
    assert.isTrue(inbound.push("e", 10))
    assert.isFalse(inbound.push("f", 1))
  })

  it("lets one item of any size in, and no second", () => {
    const inbound = queue()
    assert.isTrue(inbound.push("large", 1_000))
    assert.isFalse(inbound.push("small", 1))
    assert.deepStrictEqual(inbound.takeAll(), ["large"])
    assert.isTrue(inbound.push("small", 1))
  })

  it("hands what waits to a reader first, before more counts as too much", () => {
    const inbound = queue()
    const read: Array<ReadonlyArray<string> | undefined> = []
    inbound.onReady(() => read.push(inbound.takeAll()))
    assert.isTrue(inbound.push("a", 10))
    assert.isTrue(inbound.push("b", 10))
    assert.deepStrictEqual(read, [["a"]])
    // The reader was called once and waits no more.
    assert.isFalse(inbound.push("c", 1))
    assert.deepStrictEqual(inbound.takeAll(), ["b"])
  })

  it("refuses where the reader that was waked takes nothing", () => {
    const inbound = queue()
    let waked = 0
    inbound.onReady(() => waked++)
    inbound.push("a", 10)
    assert.isFalse(inbound.push("b", 1))
    assert.strictEqual(waked, 1)
    assert.deepStrictEqual(stands(inbound), [1, 10])
  })
})

describe("taking out", () => {
  it("gives nothing where nothing waits", () => {
    assert.isUndefined(queue().takeAll())
  })

  it("discards what is unwanted with its bytes, keeps the order, and says how many went", () => {
    const inbound = queue(100)
    inbound.push("a", 1)
    inbound.push("x", 20)
    inbound.push("b", 3)
    inbound.push("x", 40)
    assert.strictEqual(inbound.discard((item) => item === "x"), 2)
    assert.deepStrictEqual(stands(inbound), [2, 4])
    assert.strictEqual(inbound.discard((item) => item === "x"), 0)
    assert.deepStrictEqual(stands(inbound), [2, 4])
    // The bytes of what stays are still those of each item.
    assert.strictEqual(inbound.discard((item) => item === "a"), 1)
    assert.deepStrictEqual(stands(inbound), [1, 3])
    assert.deepStrictEqual(inbound.takeAll(), ["b"])
    assert.strictEqual(inbound.discard(() => true), 0)
  })

  it.effect.prop(
    "never holds more than its bound or one item, loses nothing that it took in, and counts its bytes",
    {
      limit: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 })),
      acts: Schema.Array(Schema.Struct({
        act: Schema.Literals(["push", "push", "push", "take", "discard", "wait"]),
        bytes: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))
      }))
    },
    ({ acts, limit }) =>
      Effect.sync(() => {
        const inbound = new InboundQueue<{ readonly id: number; readonly bytes: number }, never>(limit)
        let model: Array<{ readonly id: number; readonly bytes: number }> = []
        let reads = false
        const sum = () => model.reduce((sum, { bytes }) => sum + bytes, 0)
        const take = () => {
          const taken = inbound.takeAll()
          assert.deepStrictEqual(taken ?? [], model)
          model = []
        }
        for (const [id, { act, bytes }] of acts.entries()) {
          if (act === "push") {
            const isFull = model.length > 0 && sum() + bytes > limit
            const isTaken = inbound.push({ id, bytes }, bytes)
            assert.strictEqual(isTaken, !isFull || reads)
            if (isFull && reads) reads = false
            if (isTaken) model.push({ id, bytes })
          } else if (act === "take") take()
          else if (act === "discard") {
            const kept = model.filter(({ bytes: own }) => own !== bytes)
            assert.strictEqual(inbound.discard(({ bytes: own }) => own === bytes), model.length - kept.length)
            model = kept
          } else {
            reads = true
            inbound.onReady(take)
          }
          assert.deepStrictEqual([inbound.size, inbound.bytes], [model.length, sum()])
          assert.isTrue(model.length <= 1 || inbound.bytes <= limit)
        }
        inbound.onReady(undefined)
      })
  )
})

describe("the end of what comes", () => {
  it("is seen once everything was taken, and the first one counts", () => {
    const inbound = queue()
    assert.isFalse(inbound.isClosed)
    assert.isUndefined(inbound.ended)
    inbound.push("a", 1)
    inbound.end({ _tag: "Failed", error: "cut" })
    inbound.end({ _tag: "Done" })
    assert.isTrue(inbound.isClosed)
    assert.isUndefined(inbound.ended)
    assert.deepStrictEqual(inbound.takeAll(), ["a"])
    assert.deepStrictEqual(inbound.ended, { _tag: "Failed", error: "cut" })
  })

  it("takes nothing in any more, and that is no overflow", () => {
    const inbound = queue()
    inbound.push("a", 10)
    inbound.end({ _tag: "Done" })
    assert.isTrue(inbound.push("late", 1))
    assert.deepStrictEqual(stands(inbound), [1, 10])
  })
})

describe("a reader that waits", () => {
  it.effect("is waked once for all that one read of the socket brought, and behind it", () =>
    Effect.gen(function*() {
      const inbound = queue()
      let waked = 0
      inbound.onReady(() => waked++)
      inbound.push("a", 1)
      inbound.push("b", 1)
      assert.strictEqual(waked, 0)
      yield* soon
      assert.strictEqual(waked, 1)
      inbound.push("c", 1)
      yield* soon
      assert.strictEqual(waked, 1)
    }))

  it.effect("that waits anew as soon as it has read is waked for what it has not read yet, and for nothing else", () =>
    Effect.gen(function*() {
      const inbound = queue()
      const read: Array<unknown> = []
      const wait = () =>
        inbound.onReady(() => {
          read.push(inbound.takeAll())
          wait()
        })
      wait()
      inbound.push("a", 1)
      inbound.push("b", 1)
      yield* soon
      yield* soon
      assert.deepStrictEqual(read, [["a", "b"]])
    }))

  it.effect("is not waked by what was read before it waited", () =>
    Effect.gen(function*() {
      const inbound = queue()
      let waked = 0
      inbound.push("a", 1)
      inbound.takeAll()
      inbound.onReady(() => waked++)
      yield* soon
      assert.strictEqual(waked, 0)
    }))

  it.effect("is waked each time that it waits anew", () =>
    Effect.gen(function*() {
      const inbound = queue()
      for (let nth = 1; nth <= 3; nth++) {
        const read: Array<unknown> = []
        inbound.onReady(() => read.push(inbound.takeAll()))
        yield* soon
        assert.deepStrictEqual(read, [])
        inbound.push(`${nth}`, 1)
        yield* soon
        assert.deepStrictEqual(read, [[`${nth}`]])
      }
    }))

  it.effect("is waked by what waits already, and by an end", () =>
    Effect.gen(function*() {
      const inbound = queue()
      let waked = 0
      inbound.push("a", 1)
      inbound.onReady(() => waked++)
      assert.strictEqual(waked, 0)
      yield* soon
      assert.strictEqual(waked, 1)
      inbound.takeAll()
      inbound.onReady(() => waked++)
      yield* soon
      assert.strictEqual(waked, 1)
      inbound.end({ _tag: "Done" })
      yield* soon
      assert.strictEqual(waked, 2)
      inbound.onReady(() => waked++)
      yield* soon
      assert.strictEqual(waked, 3)
    }))

  it.effect("is not waked if it waits no more, though it was about to be", () =>
    Effect.gen(function*() {
      const inbound = queue()
      let waked = 0
      inbound.onReady(() => waked++)
      inbound.push("a", 1)
      inbound.onReady(undefined)
      yield* soon
      assert.strictEqual(waked, 0)
      // The next one is waked all the same.
      inbound.onReady(() => waked++)
      yield* soon
      assert.strictEqual(waked, 1)
    }))
})
