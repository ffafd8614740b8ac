/**
 * Random conversations against a server that answers what it hears one by one or several at once, with texts on their
 * way while it speaks, speech, interruptions, and ends that it leaves out: an ask has its own answer, or says that it
 * may be another's, and it ends.
 */
import { assert, describe, it } from "@effect/vitest"
import type { LiveAnswer } from "effect-gemini/live/LiveSession"
import { LiveError } from "effect-gemini/LiveError"
import { AnswerReader } from "../../src/internal/live/AnswerReader.ts"
import { SessionCore } from "../../src/internal/live/SessionCore.ts"

/** Mulberry32: the same numbers for the same seed. */
const random = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 4_294_967_296 * below)
  }
}

const quiet = () => undefined

class Conversation {
  readonly log: Array<string> = []
  readonly answers = new Map<string, LiveAnswer | LiveError>()
  readonly core: SessionCore
  readonly #pick: (below: number) => number
  #silence: number | undefined
  #sent = 0
  #open: { readonly id: string; readonly reader: AnswerReader } | undefined
  /** Texts that the server has not got. */
  #onTheirWay: Array<string> = []
  /** What the server has heard and not answered. */
  #heard: Array<string> = []
  #speaking = false
  /** The ids that each turn answers, by its text. */
  readonly #truth = new Map<string, ReadonlyArray<string>>()

  constructor(seed: number) {
    this.#pick = random(seed)
    this.core = new SessionCore({
      model: "m",
      inboundLimit: 1 << 24,
      unreadable: "fail",
      hasTools: false,
      takesHistory: false,
      mayRepeat: false,
      isTransparent: false,
      hearsInSilence: false,
      turnEnd: 10
    }, {
      toolCall: quiet,
      toolCancel: quiet,
      toolLost: quiet,
      waitsFor: () => false,
      awaited: () => [],
      goAway: quiet,
      quiet,
      turnOpened: quiet,
      turnBegun: quiet,
      settleWithin: (millis) => {
        this.#silence = millis
      }
    })
    this.core.events.isRead = true
  }

  #server(...contents: ReadonlyArray<object>): void {
    for (const serverContent of contents) {
      this.log.push(`server ${JSON.stringify(serverContent)}`)
      assert.isUndefined(this.core.receive(JSON.stringify({ serverContent })))
      this.core.events.takeAll()
    }
  }

  #text(isAsk: boolean): void {
    const id = `${isAsk ? "ask" : "text"}${++this.#sent}`
    const reader = isAsk
      ? new AnswerReader("m", (answer) => {
        assert.isFalse(this.answers.has(id), `${id} is answered twice`)
        this.answers.set(id, answer)
        this.#open = undefined
      })
      : undefined
    if (reader !== undefined) this.#open = { id, reader }
    this.log.push(`client ${id}`)
    this.#onTheirWay.push(id)
    this.core.openTurn({ realtimeInput: { text: id } }, this.#sent, reader)
  }

  #begin(): void {
    const ids = this.#heard.splice(0, this.#pick(3) === 0 ? 1 + this.#pick(this.#heard.length) : 1)
    const text = `re:${ids.join("+")}`
    this.#truth.set(text, ids)
    this.#speaking = true
    this.#server({ modelTurn: { parts: [{ text }] } })
  }

  #end(): void {
    this.#speaking = false
    const end = this.#pick(6)
    if (end === 0 && this.#heard.length > 0) return this.#server({ interrupted: true }, { turnComplete: true })
    // The end that is left out is followed by nothing but a silence.
    if (end === 1 && this.#heard.length === 0 && this.#onTheirWay.length === 0) {
      this.#server({ generationComplete: true })
      return this.#wait()
    }
    this.#server({ generationComplete: true }, { turnComplete: true })
  }

  #wait(): void {
    // A turn without an end takes two silences: one for its end, one for what it may have answered.
    for (let i = 0; i < 3 && this.#silence !== undefined; i++) {
      this.log.push("silence")
      this.#silence = undefined
      this.core.settle()
    }
  }

  step(): void {
    const pick = this.#pick(10)
    if (pick < 2) return this.#text(false)
    if (pick < 4 && this.#open === undefined) return this.#text(true)
    if (pick === 4 && !this.#speaking) {
      const last = this.#heard.at(-1)
      // What is said before the answer is one utterance.
      const id = last?.startsWith("speech") ? last : `speech${++this.#sent}`
      if (id !== last) this.#heard.push(id)
      return this.#server({ inputTranscription: { text: id } })
    }
    if (pick < 7) {
      const id = this.#onTheirWay.shift()
      if (id !== undefined) this.#heard.push(id)
      return
    }
    this.#advance()
  }

  #advance(): void {
    if (this.#speaking) return this.#end()
    if (this.#heard.length > 0) return this.#begin()
    if (this.#onTheirWay.length === 0) this.#wait()
  }

  /** Lets the server answer everything, and be silent then. */
  finish(): void {
    this.#heard.push(...this.#onTheirWay.splice(0))
    while (this.#speaking || this.#heard.length > 0) this.#advance()
    this.#wait()
  }

  check(): void {
    const told = this.log.join("\n")
    assert.isUndefined(this.#open, `an ask never ends\n${told}`)
    assert.isTrue(this.core.turns.isQuiet, `the ledger is not empty\n${told}`)
    for (const [id, answer] of this.answers) {
      if (answer instanceof LiveError) assert.fail(`${id}: ${answer.message}\n${told}`)
      const ids = this.#truth.get(answer.text)
      assert.isDefined(ids, `${id} has ${answer.text}, which no turn said\n${told}`)
      if (answer.overlap === undefined) assert.include(ids, id, `${id} has ${answer.text} and is sure of it\n${told}`)
    }
  }
}

describe("an ask in a conversation of any order", () => {
  it("has its own answer or says that it may be another's, and ends", () => {
    let asked = 0
    let doubted = 0
    for (let seed = 1; seed <= 1_000; seed++) {
      const conversation = new Conversation(seed)
      for (let i = 0; i < 30; i++) conversation.step()
      conversation.finish()
      conversation.check()
      for (const answer of conversation.answers.values()) {
        asked++
        if (!(answer instanceof LiveError) && answer.overlap !== undefined) doubted++
      }
    }
    assert.isAbove(asked, 1_500)
    // Most of these conversations are wilder than any, and still most asks are sure.
    assert.isBelow(doubted / asked, 0.9)
  })
})
