import { assert, describe, it } from "@effect/vitest"
import type { ClientMessage } from "effect-gemini/live/LiveProtocol"
import { Asides } from "../../src/internal/live/Asides.ts"
import { InboundQueue } from "../../src/internal/live/InboundQueue.ts"
import { MediaQueue } from "../../src/internal/live/MediaQueue.ts"
import { Turns } from "../../src/internal/live/Turns.ts"

const text = (text: string) => ({ realtimeInput: { text } })
const nameOf = ({ message }: { readonly message: ClientMessage | undefined }) => message?.realtimeInput?.text ?? ""
const begun = () => undefined

const turns = () => {
  const kernel = new Turns<string>(undefined)
  let index = 0
  return {
    kernel,
    send: (name: string) => kernel.open(text(name), ++index, name),
    lost: () => {
      const { interrupted, resend, unacknowledged } = kernel.lose()
      return {
        resend: resend.map(nameOf),
        interrupted: interrupted.map(nameOf),
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
    kernel.content(begun)
    assert.deepStrictEqual(lost(), { resend: ["b"], interrupted: ["a"], unacknowledged: 0 })
    // What is sent again stays, and is lost again like any other.
    assert.deepStrictEqual(lost(), { resend: ["b"], interrupted: [], unacknowledged: 0 })
  })

  it("a turn is acknowledged when a resumable update follows its completion", () => {
    const { kernel, lost, send } = turns()
    send("a")
    kernel.content(begun)
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
    assert.deepStrictEqual(kernel.readers, [])
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

  it("where the server says how far it read, that holds for one connection: the next one counts anew", () => {
    const turns = new Turns<string>("h0")
    turns.open(text("a"), 5, undefined)
    turns.update("h1", 4)
    const [again] = turns.lose().resend
    assert.isDefined(again)
    if (again !== undefined) again.index = 1
    // No handle came on this connection, so that its state is the one before it.
    assert.deepStrictEqual(turns.lose().resend.map(nameOf), ["a"])
    if (again !== undefined) again.index = 1
    turns.update("h2", 1)
    assert.deepStrictEqual(turns.lose().resend, [])
  })

  it("is quiet only when nobody waits for an answer, speech that was not asked for included", () => {
    const { kernel, send } = turns()
    assert.isTrue(kernel.isQuiet)
    kernel.content(begun)
    assert.isFalse(kernel.isQuiet)
    kernel.complete()
    send("a")
    assert.isFalse(kernel.isQuiet)
    kernel.complete()
    assert.isTrue(kernel.isQuiet)
  })

  it("a text behind a turn that was cut short has had no answer, and is sent again", () => {
    const { kernel, lost, send } = turns()
    const cut = send("a")
    send("b")
    kernel.content(begun)
    cut.isInterrupted = true
    kernel.complete()
    assert.deepStrictEqual(lost(), { resend: ["b"], interrupted: [], unacknowledged: 1 })
    send("c")
    kernel.content(begun)
    send("d")
    kernel.complete()
    // "c" was sent before the answer to "b" began.
    assert.deepStrictEqual(lost(), { resend: ["d"], interrupted: ["c"], unacknowledged: 1 })
  })

  it("the model speaks next of a function that is answered behind its turn, once, and of none that it did not call", () => {
    const { kernel, send } = turns()
    const call = { id: "1", name: "f" }
    send("a").calls = [call]
    kernel.content(begun)
    kernel.complete()
    kernel.answering({ id: "2", name: "f" }, true, false)
    assert.isTrue(kernel.isQuiet)
    kernel.answering(call, true, false)
    send("b")
    assert.deepStrictEqual([kernel.current?.kind, kernel.isDue, kernel.unsettled], ["functions", true, "answers"])
    kernel.content(begun)
    kernel.complete()
    kernel.answering(call, true, false)
    assert.strictEqual(kernel.current?.kind, "text")
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
        if (step === "send") open.push(nameOf(send(String(++sent))))
        if (step === "content") kernel.content(begun)
        if (step === "complete" && kernel.complete()?.kind === "text") {
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

describe("what asked for no answer", () => {
  const asides = () => {
    const kernel = new Asides()
    return {
      kernel,
      say: (name: string, index: number, bytes = 10) => kernel.add(text(name), index, bytes),
      lost: () => {
        const { resend, unacknowledged } = kernel.lose()
        return [resend.map(nameOf).join(), unacknowledged]
      }
    }
  }

  it("is said again until a handle may hold it, and counted then", () => {
    const { kernel, lost, say } = asides()
    say("a", 1)
    assert.deepStrictEqual(lost(), ["a", 0])
    // It stays, and is lost again like anything else.
    assert.deepStrictEqual(lost(), ["a", 0])
    kernel.update(undefined)
    say("b", 2)
    assert.deepStrictEqual(lost(), ["b", 1])
    assert.deepStrictEqual(lost(), ["b", 0])
  })

  it("is in the state when a later text was answered before the handle, or the server says how far it has read", () => {
    const { kernel, lost, say } = asides()
    say("a", 1)
    say("b", 3)
    kernel.answered(2)
    kernel.update(undefined)
    assert.deepStrictEqual(lost(), ["", 1])
    say("c", 4)
    say("d", 5)
    kernel.update(4)
    assert.deepStrictEqual(lost(), ["d", 0])
    // The answer on a connection that is lost says nothing of the next.
    kernel.answered(6)
    assert.deepStrictEqual(lost(), ["d", 0])
    kernel.update(undefined)
    assert.deepStrictEqual(lost(), ["", 1])
  })

  it("may be the answer of a function, which is said again only where the handle's state holds its call", () => {
    const answer = (output: number) => ({
      toolResponse: { functionResponses: [{ id: "1", name: "f", response: { output } }] }
    })
    const kernel = new Asides()
    // The call came after the last handle, so that the state does not know it.
    kernel.add(answer(1), 1, 10, false)
    assert.deepStrictEqual(kernel.lose(), { resend: [], unacknowledged: 1 })
    kernel.add(answer(2), 1, 10, false)
    kernel.update(0)
    const known = kernel.lose()
    assert.deepStrictEqual([known.resend.map(({ message }) => message), known.unacknowledged], [[answer(2)], 0])
    kernel.add(answer(3), 2, 10, true)
    kernel.update(2)
    assert.deepStrictEqual(kernel.lose(), { resend: [], unacknowledged: 0 })
    kernel.add(answer(4), 1, 10, true)
    kernel.add(text("a"), 2, 10)
    assert.strictEqual(kernel.forgetAnswers(), 1)
    assert.deepStrictEqual(kernel.lose().resend.map(nameOf), ["a"])
  })

  it("that cannot be said again is counted until the next answer or handle", () => {
    const { kernel, lost } = asides()
    kernel.count()
    kernel.count()
    assert.deepStrictEqual(lost(), ["", 2])
    kernel.count()
    kernel.answered(undefined)
    assert.deepStrictEqual(lost(), ["", 0])
    kernel.count()
    kernel.update(undefined)
    assert.deepStrictEqual(lost(), ["", 0])
  })

  it("is kept up to a bound, at which the oldest is counted instead", () => {
    const { lost, say } = asides()
    say("a", 1, 1 << 19)
    say("b", 2, 1 << 19)
    assert.deepStrictEqual(lost(), ["a,b", 0])
    say("c", 3, 1)
    assert.deepStrictEqual(lost(), ["b,c", 1])
    say("d", 4, 1 << 21)
    assert.deepStrictEqual(lost(), ["d", 2])
  })
})
