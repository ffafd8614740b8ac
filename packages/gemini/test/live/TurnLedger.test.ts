/**
 * The ledger of turns at its edges: functions that outlive their turn, what silence tells, readers that leave, and what
 * a lost connection forgets.
 */
import { assert, describe, it } from "@effect/vitest"
import type { FunctionCall } from "effect-gemini/wire/Part"
import type { Turn } from "../../src/internal/live/Turn.ts"
import { Turns } from "../../src/internal/live/Turns.ts"

const message = (text: string) => ({ realtimeInput: { text } })
const quiet = () => undefined
const call = (id: string, name = "f"): FunctionCall => ({ id, name })
const unnamed = (name: string): FunctionCall => ({ name })

const ledger = () => {
  const turns = new Turns<string>(undefined)
  let index = 0
  const send = (name: string, reader: string | undefined = name) => turns.open(message(name), ++index, reader)
  return {
    turns,
    send,
    /** A turn of which the server has said something. */
    begun: (name: string, calls: ReadonlyArray<FunctionCall> = []) => {
      const turn = send(name)
      turns.content(quiet)
      turn.calls = calls
      return turn
    },
    /** Whether the model is expected to speak of functions. */
    expects: () => turns.current?.kind === "functions" && turns.current.message === undefined,
    names: (of: ReadonlyArray<Turn<string>>) => of.map(({ message }) => message?.realtimeInput?.text)
  }
}

describe("a turn whose functions run when the server ends it", () => {
  const [one, two, left] = [call("1"), call("2"), call("3")]

  it("is held until the last of them is answered, and is then spoken of behind what waits", () => {
    const { begun, send, turns } = ledger()
    const turn = begun("a", [one, two, left])
    turn.isGenerated = true
    turn.isUnspoken = true
    send("b")
    turns.hold([one, two])
    assert.deepStrictEqual(turn.calls, [one, two])
    assert.deepStrictEqual([turns.unacknowledged, turns.isQuiet, turns.isDue], [1, false, true])
    assert.deepStrictEqual(turns.readers, ["b", "a"])
    turns.answering(one, true, true)
    assert.deepStrictEqual([turn.calls, turn.kind], [[two], "text"])
    turns.answering(two, true, true)
    assert.deepStrictEqual(
      [turn.kind, turn.state, turn.isGenerated, turn.isUnspoken],
      ["functions", "waiting", false, false]
    )
    assert.strictEqual(turns.current?.message?.realtimeInput?.text, "b")
    turns.complete()
    assert.strictEqual(turns.current, turn)
    assert.deepStrictEqual(turns.readers, ["a"])
  })

  it("leaves the calls that are not waited for: who answers them is spoken to, once", () => {
    const { begun, expects, turns } = ledger()
    begun("a", [one, left])
    turns.hold([one])
    assert.isFalse(expects())
    turns.answering(left, true, false)
    assert.isTrue(expects())
    turns.complete()
    turns.answering(left, true, false)
    assert.isFalse(expects())
  })

  it("alone holds everything up, and is quiet again when nobody reads it", () => {
    const { begun, turns } = ledger()
    begun("a", [one])
    turns.hold([one])
    assert.isUndefined(turns.current)
    assert.deepStrictEqual([turns.isQuiet, turns.isDue], [false, true])
    turns.abandon("b")
    assert.isFalse(turns.isQuiet)
    turns.abandon("a")
    assert.deepStrictEqual([turns.isQuiet, turns.isDue], [true, false])
    assert.deepStrictEqual(turns.lose().interrupted, [])
  })

  it("takes no second end that is not the next text's, and is cut with its connection", () => {
    const { begun, names, send, turns } = ledger()
    assert.isFalse(turns.mayEnd)
    const turn = begun("a", [one])
    assert.isTrue(turns.mayEnd)
    turns.hold([one])
    assert.isFalse(turns.mayEnd)
    send("b")
    assert.isFalse(turns.mayEnd)
    turns.content(quiet)
    assert.isTrue(turns.mayEnd)
    turns.complete()
    turns.heard()
    assert.isTrue(turns.mayEnd)
    const loss = turns.lose()
    assert.deepStrictEqual(names(loss.interrupted), ["a"])
    assert.deepStrictEqual(loss.interrupted[0], turn)
    // Two turns were completed, and the speech was heard.
    assert.strictEqual(loss.unacknowledged, 3)
    assert.deepStrictEqual([turns.isQuiet, turns.unacknowledged], [true, 0])
  })

  it("may be requeued, where the functions are answered and the model has not spoken of that", () => {
    const { begun, turns } = ledger()
    turns.requeue()
    turns.hold([])
    assert.deepStrictEqual([turns.unacknowledged, turns.isQuiet], [0, true])
    const turn = begun("a", [one])
    turns.answering(one, true, false)
    assert.isTrue(turn.isUnspoken)
    turns.requeue()
    assert.deepStrictEqual([turn.kind, turn.state, turn.isUnspoken], ["functions", "waiting", false])
    assert.deepStrictEqual([turns.current, turns.unacknowledged], [turn, 1])
  })
})

describe("the answer of a function", () => {
  it("is unspoken of in its turn only where the model speaks and does not wait", () => {
    for (
      const [speaks, waits, isUnspoken] of [
        [true, false, true],
        [true, true, false],
        [false, false, false],
        [false, true, false]
      ] as const
    ) {
      const { begun, turns } = ledger()
      const turn = begun("a", [call("1"), call("2")])
      turns.answering(call("1"), speaks, waits)
      assert.deepStrictEqual([turn.isUnspoken, turn.calls], [isUnspoken, [call("2")]])
    }
  })

  it("behind its turn makes the model speak, unless it is silent or not asked for", () => {
    const over = (speaks: boolean, ...answered: ReadonlyArray<FunctionCall>) => {
      const { begun, expects, turns } = ledger()
      begun("a", [call("1"), unnamed("g"), unnamed("g")])
      turns.complete()
      for (const one of answered) turns.answering(one, speaks, false)
      return expects()
    }
    assert.isTrue(over(true, call("1")))
    assert.isFalse(over(false, call("1")))
    assert.isFalse(over(true, call("2")))
    assert.isTrue(over(true, unnamed("g")))
    assert.isFalse(over(true, unnamed("f")))
    // An id is not that of a call without one, and a call with an id is not meant by its name.
    assert.isFalse(over(true, call("2", "g")))
    // What was answered in silence is answered.
    const { begun, expects, turns } = ledger()
    begun("a", [call("1"), unnamed("g"), unnamed("g")])
    turns.complete()
    turns.answering(call("1"), false, false)
    turns.answering(call("1"), true, false)
    turns.answering(unnamed("g"), false, false)
    assert.isFalse(expects())
    turns.answering(unnamed("g"), true, false)
    assert.isTrue(expects())
    turns.complete()
    turns.answering(unnamed("g"), true, false)
    assert.isFalse(expects())
  })

  it("makes it speak once for all that it hears before it does", () => {
    const { begun, turns } = ledger()
    begun("a", [call("1"), call("2"), call("3")])
    turns.complete()
    turns.answering(call("1"), true, false)
    const first = turns.current
    turns.answering(call("2"), true, false)
    turns.complete()
    assert.deepStrictEqual([turns.current, first?.kind], [undefined, "functions"])
    // An answer that is spoken now does not know what comes after its beginning.
    turns.answering(call("3"), true, false)
    turns.content(quiet)
    turns.heard()
    turns.heard()
    turns.complete()
    assert.deepStrictEqual([turns.current?.kind, turns.current?.state], ["speech", "waiting"])
    turns.complete()
    assert.isUndefined(turns.current)
  })

  it("is known for the newest 256 calls of turns that are over", () => {
    const { begun, expects, turns } = ledger()
    begun("a", Array.from({ length: 257 }, (_, nth) => call(`${nth}`)))
    turns.complete()
    turns.answering(call("0"), true, false)
    assert.isFalse(expects())
    turns.answering(call("1"), true, false)
    assert.isTrue(expects())
    // They are kept beside those of later turns.
    turns.complete()
    begun("b", [call("b")])
    turns.complete()
    for (const id of ["2", "256", "b"]) {
      turns.answering(call(id), true, false)
      assert.isTrue(expects(), id)
      turns.complete()
    }
  })
})

describe("calls that the model takes back", () => {
  it("are those of the turn that is spoken, of the ones that are held, and of those that are over", () => {
    const { begun, expects, names, turns } = ledger()
    begun("over", [call("1"), call("2"), unnamed("g")])
    turns.complete()
    begun("held", [call("3"), call("4")])
    turns.hold([call("3"), call("4")])
    const held = turns.readers
    const open = begun("open", [call("5"), call("6"), unnamed("h")])
    assert.deepStrictEqual(names(turns.takeBack(["1", "3", "5"])), [])
    assert.deepStrictEqual(open.calls, [call("6"), unnamed("h")])
    assert.deepStrictEqual(turns.readers, ["open", ...held])
    // The last call of the turn that was held is gone: nothing follows.
    assert.deepStrictEqual(names(turns.takeBack(["4"])), ["held"])
    assert.deepStrictEqual(names(turns.takeBack(["4"])), [])
    assert.deepStrictEqual(turns.readers, ["open"])
    turns.complete()
    turns.answering(call("1"), true, false)
    assert.isFalse(expects())
    turns.answering(call("2"), true, false)
    assert.isTrue(expects())
    turns.complete()
    turns.answering(unnamed("g"), true, false)
    assert.isTrue(expects())
  })
})

describe("what only silence tells", () => {
  it("is that a turn which has everything has ended, unless a function of it runs", () => {
    const { begun, names, turns } = ledger()
    const turn = begun("a")
    assert.isUndefined(turns.unsettled)
    assert.deepStrictEqual(turns.settle(), [])
    turn.isGenerated = true
    turn.calls = [call("1")]
    assert.isUndefined(turns.unsettled)
    turn.calls = []
    assert.strictEqual(turns.unsettled, "end")
    assert.deepStrictEqual(names(turns.settle()), ["a"])
    assert.deepStrictEqual([turn.state, turns.isQuiet, turns.isDue], ["over", true, false])
    assert.isUndefined(turns.unsettled)
    // The server has not said that it ended the turn: it counts as one that it may not keep.
    assert.deepStrictEqual(turns.lose(), { resend: [], interrupted: [], unacknowledged: 1 })
  })

  it("is which texts an answer was to: those that stood before it began, and not those behind", () => {
    const { begun, names, send, turns } = ledger()
    const first = send("a")
    send("b")
    turns.content(quiet)
    const late = send("c")
    turns.complete()
    assert.strictEqual(turns.unsettled, "answers")
    assert.strictEqual(turns.doubt, undefined)
    assert.deepStrictEqual(names(turns.settle()), ["b"])
    assert.deepStrictEqual([turns.unsettled, turns.current, turns.isDue], [undefined, late, true])
    assert.strictEqual(first.state, "begun")
    // One that has had no answer after all waits on, and can be answered as any other.
    turns.complete()
    const again = begun("d")
    turns.wait(again)
    assert.isFalse(again.maybeAnswered)
  })

  it("is in doubt where the user speaks while texts wait, until the silence", () => {
    const { send, turns } = ledger()
    turns.heard()
    assert.deepStrictEqual([turns.doubt, turns.unsettled, turns.current?.kind], [undefined, "answers", "speech"])
    turns.complete()
    send("a")
    turns.heard()
    assert.deepStrictEqual([turns.doubt, turns.unsettled], ["speech", "answers"])
    assert.lengthOf(turns.settle(), 1)
    assert.deepStrictEqual([turns.doubt, turns.unsettled, turns.current?.kind], [undefined, undefined, "text"])
  })

  it("does not make an answer to speech of what is transcribed late", () => {
    const { turns } = ledger()
    turns.content(quiet)
    turns.heard()
    turns.complete()
    assert.isUndefined(turns.current)
    // While a text is answered it is another utterance.
    const { begun, turns: others } = ledger()
    begun("a")
    others.heard()
    others.complete()
    assert.strictEqual(others.current?.kind, "speech")
    assert.strictEqual(others.doubt, "speech")
  })
})

describe("a turn without its end", () => {
  it("is told by the text behind it, where it has everything and no function runs", () => {
    const { begun, send, turns } = ledger()
    const turn = begun("a")
    turn.isGenerated = true
    assert.isUndefined(turns.unended)
    send("b")
    assert.strictEqual(turns.unended, turn)
    turn.calls = [call("1")]
    assert.isUndefined(turns.unended)
    turn.calls = []
    turn.isGenerated = false
    assert.isUndefined(turns.unended)
    turn.isGenerated = true
    turn.state = "over"
    assert.isUndefined(turns.unended)
    const other = ledger()
    other.begun("a").isGenerated = true
    other.turns.heard()
    assert.isUndefined(other.turns.unended)
  })

  it("that is over makes room for what the server says next", () => {
    const { begun, turns } = ledger()
    begun("a").state = "over"
    const next = turns.content(quiet)
    assert.deepStrictEqual([next.kind, next.state, turns.unacknowledged], ["speech", "begun", 1])
    // Speech that was expected and never begun is no turn that was answered.
    turns.complete()
    turns.heard()
    turns.complete()
    assert.strictEqual(turns.unacknowledged, 2)
    assert.isUndefined(turns.complete())
    assert.strictEqual(turns.unacknowledged, 2)
  })
})

describe("a reader", () => {
  it("behind the one that is answered follows it until its end, or until it leaves", () => {
    const { send, turns } = ledger()
    const told: Array<ReadonlyArray<string | undefined>> = []
    const began = (turn: Turn<string>, follower: Turn<string> | undefined) => {
      told.push([turn.reader, follower?.reader])
    }
    const first = send("a")
    const second = send("b")
    turns.content(began)
    turns.content(began)
    assert.deepStrictEqual(told, [["a", "b"]])
    assert.deepStrictEqual([turns.follower, first.overlap, second.overlap], [second, "text", "text"])
    turns.abandon("a")
    assert.strictEqual(turns.follower, second)
    turns.abandon("b")
    assert.isUndefined(turns.follower)
    assert.deepStrictEqual([first.isGivenUp, second.isGivenUp, turns.readers], [true, true, []])
    const third = send("c")
    turns.complete()
    turns.content(began)
    assert.strictEqual(turns.follower, third)
    turns.complete()
    assert.isUndefined(turns.follower)
  })

  it("that has left is not asked for again, and one that stays is", () => {
    const { names, send, turns } = ledger()
    send("a")
    const kept = send("b")
    turns.abandon("a")
    const loss = turns.lose()
    assert.deepStrictEqual([names(loss.interrupted), loss.resend], [["a"], [kept]])
    for (const turn of loss.resend) turns.drop(turn)
    assert.deepStrictEqual(turns.lose(), { resend: [], interrupted: [], unacknowledged: 0 })
  })
})

describe("a lost connection", () => {
  it("cuts nothing that nobody asked for, and forgets calls, doubt and who followed", () => {
    const { begun, expects, send, turns } = ledger()
    begun("a", [call("1")])
    turns.complete()
    send("b")
    send("c")
    turns.content(quiet)
    turns.heard()
    const loss = turns.lose()
    assert.strictEqual(loss.unacknowledged, 2)
    assert.deepStrictEqual([turns.doubt, turns.follower, turns.unacknowledged], [undefined, undefined, 0])
    turns.settle()
    turns.complete()
    turns.answering(call("1"), true, false)
    assert.isFalse(expects())
    const { turns: spoken } = ledger()
    spoken.content(quiet)
    assert.deepStrictEqual(spoken.lose(), { resend: [], interrupted: [], unacknowledged: 1 })
  })

  it("leaves no sign of the turn under which a text was sent", () => {
    const { begun, send, turns } = ledger()
    begun("a")
    const under = send("b")
    under.isUnder = true
    turns.lose()
    assert.isFalse(under.isUnder)
    // The first turn of the next connection answers it, and does not only may.
    turns.content(quiet)
    turns.complete()
    assert.isTrue(turns.isQuiet)
  })

  it("at the very message that the server has read keeps it, and sends the next one again", () => {
    const { names, send, turns } = ledger()
    for (const name of ["a", "b", "c"]) send(name)
    turns.update("h", 2)
    const loss = turns.lose()
    assert.deepStrictEqual([names(loss.interrupted), loss.resend.length], [["a", "b"], 1])
  })
})
