import { assert, describe, it } from "@effect/vitest"
import { InboundQueue } from "../../src/internal/live/InboundQueue.ts"
import { MediaQueue } from "../../src/internal/live/MediaQueue.ts"
import { Turns } from "../../src/internal/live/Turns.ts"

const text = (text: string) => ({ realtimeInput: { text } })

const turns = () => {
  const kernel = new Turns<string>(undefined)
  let index = 0
  return {
    kernel,
    send: (name: string) => kernel.open(text(name), ++index, name),
    lost: () => {
      const { interrupted, resend, unacknowledged } = kernel.lose()
      return {
        resend: resend.map(({ sink }) => sink),
        interrupted: interrupted.map(({ sink }) => sink),
        unacknowledged
      }
    }
  }
}

describe("turns over a lost connection", () => {
  it("a turn that nothing was said to is sent again, one that had begun is not", () => {
    const { kernel, lost, send } = turns()
    send("a")
    send("b")
    kernel.content()
    assert.deepStrictEqual(lost(), { resend: ["b"], interrupted: ["a"], unacknowledged: 0 })
    // What is sent again stays, and is lost again like any other.
    assert.deepStrictEqual(lost(), { resend: ["b"], interrupted: [], unacknowledged: 0 })
  })

  it("a turn is acknowledged when a resumable update follows its completion", () => {
    const { kernel, lost, send } = turns()
    send("a")
    kernel.content()
    kernel.complete()
    kernel.update("h1", undefined)
    assert.deepStrictEqual(lost(), { resend: [], interrupted: [], unacknowledged: 0 })
    send("b")
    kernel.complete()
    assert.deepStrictEqual(lost(), { resend: [], interrupted: [], unacknowledged: 1 })
    assert.strictEqual(kernel.handle, "h1")
  })

  it("a session without handles keeps nothing of the turns that are complete but their number", () => {
    const { kernel, lost, send } = turns()
    for (let i = 0; i < 1_000; i++) {
      send("a")
      kernel.complete()
    }
    assert.deepStrictEqual(kernel.sinks, [])
    assert.deepStrictEqual(lost(), { resend: [], interrupted: [], unacknowledged: 1_000 })
  })

  it("an update that is not resumable keeps the last handle and acknowledges nothing", () => {
    const { kernel, lost, send } = turns()
    send("a")
    kernel.update("h1", undefined)
    kernel.complete()
    kernel.update(undefined, undefined)
    assert.strictEqual(kernel.handle, "h1")
    assert.strictEqual(lost().unacknowledged, 1)
  })

  it("a turn sent before the last handle may be kept there: it is not sent again", () => {
    const { kernel, lost, send } = turns()
    send("a")
    kernel.update("h1", undefined)
    send("b")
    assert.deepStrictEqual(lost(), { resend: ["b"], interrupted: ["a"], unacknowledged: 0 })
  })

  it("where the server says how far it read, that decides", () => {
    const { kernel, lost, send } = turns()
    send("a")
    send("b")
    kernel.update("h1", 1)
    assert.deepStrictEqual(lost(), { resend: ["b"], interrupted: ["a"], unacknowledged: 0 })
  })

  it("is quiet only when nobody waits for an answer, speech that was not asked for included", () => {
    const { kernel, send } = turns()
    assert.isTrue(kernel.isQuiet)
    kernel.content()
    assert.isFalse(kernel.isQuiet)
    kernel.complete()
    send("a")
    assert.isFalse(kernel.isQuiet)
    kernel.complete()
    assert.isTrue(kernel.isQuiet)
  })

  it("over every sequence of up to six steps no turn is in two places, and none is lost unsaid", () => {
    const steps = ["send", "content", "complete", "handle", "no handle", "lose"] as const
    const walk = (path: ReadonlyArray<(typeof steps)[number]>): void => {
      const { kernel, lost, send } = turns()
      let sent = 0
      let finished = 0
      const interrupted = new Set<string | undefined>()
      let open: Array<string> = []
      for (const step of path) {
        if (step === "send") open.push(send(String(++sent)).sink ?? "")
        if (step === "content") kernel.content()
        if (step === "complete" && kernel.complete() !== undefined) {
          finished++
          open.shift()
        }
        if (step === "handle") kernel.update("h", undefined)
        if (step === "no handle") kernel.update(undefined, undefined)
        if (step === "lose") {
          const loss = lost()
          for (const turn of loss.interrupted) {
            assert.isFalse(interrupted.has(turn))
            interrupted.add(turn)
          }
          assert.deepStrictEqual([...loss.interrupted, ...loss.resend].sort(), [...open].sort())
          open = open.filter((turn) => loss.resend.includes(turn))
        }
      }
      assert.strictEqual(finished + interrupted.size + open.length, sent)
      if (path.length < 6) { for (const step of steps) walk([...path, step]) }
    }
    walk([])
  })
})

describe("what waits to be read", () => {
  it("keeps its order up to the bound and says when that is reached", () => {
    const queue = new InboundQueue<number, string>(10)
    assert.isTrue(queue.push(1, 4) && queue.push(2, 6))
    assert.isFalse(queue.push(3, 1))
    assert.deepStrictEqual([queue.takeAll(), queue.bytes], [[1, 2], 0])
    assert.isTrue(queue.push(4, 1000), "one item of any size is let in")
  })

  it("gives up what is discarded, with its bytes, and ends after what it holds", () => {
    const queue = new InboundQueue<number, string>(10)
    queue.push(1, 4)
    queue.push(2, 4)
    assert.strictEqual(queue.discard((item) => item === 1), 1)
    assert.strictEqual(queue.bytes, 4)
    queue.end({ _tag: "Failed", error: "cut" })
    assert.isUndefined(queue.ended)
    assert.deepStrictEqual(queue.takeAll(), [2])
    assert.deepStrictEqual(queue.ended, { _tag: "Failed", error: "cut" })
  })
})

describe("media on its way out", () => {
  it("drops the oldest beyond its bound, and counts it", () => {
    const queue = new MediaQueue(10)
    for (const frame of ["aaaa", "bbbb", "cccc"]) queue.push(frame)
    assert.deepStrictEqual([queue.dropped, queue.take(), queue.take(), queue.take()], [1, "bbbb", "cccc", undefined])
    queue.push("x".repeat(100))
    assert.strictEqual(queue.size, 1)
    queue.drop()
    assert.deepStrictEqual([queue.dropped, queue.bytes], [2, 0])
  })

  it("stays within its bound over an hour of sound that nobody takes", () => {
    const queue = new MediaQueue(1 << 18)
    // 20 ms of PCM16 at 16 kHz are 640 bytes, 856 in base64.
    const frame = "x".repeat(910)
    for (let i = 0; i < 180_000; i++) queue.push(frame)
    assert.isAtMost(queue.bytes, 1 << 18)
    assert.strictEqual(queue.dropped + queue.size, 180_000)
  })
})
