/**
 * A long conversation as data: what the user says, asks and interrupts, where the network breaks, and the transcript
 * that must come of it.
 */
import { random } from "./liveProgram.ts"

/** One exchange. `n` numbers what is said, so that each answer shows by its words whose it is. */
export interface Exchange {
  readonly do:
    | "speak"
    | "ask"
    | "text"
    /** Asks for a function which the model waits for. */
    | "call"
    /** Asks for a function which the model does not wait for. */
    | "later"
    /** Speaks, and speaks again while the model answers. */
    | "bargeIn"
  readonly n: number
  /** Where the network breaks: while the model speaks, while a function runs, or before anything was answered. */
  readonly crash?: "speaking" | "working" | "waiting"
}

/** A line of the transcript. A model that was cut has said only the beginning of its text. */
export interface Line {
  readonly who: "user" | "function" | "model"
  readonly text: string
  readonly isCut?: true
}

const kinds = ["speak", "speak", "ask", "text", "call", "later", "bargeIn"] as const

/** A conversation of so many exchanges. Its crashes are at their places, in an exchange that suits them. */
export const generate = (
  seed: number,
  count: number,
  crashes: ReadonlyMap<number, NonNullable<Exchange["crash"]>>
): ReadonlyArray<Exchange> => {
  const next = random(seed)
  return Array.from({ length: count }, (_, n): Exchange => {
    const kind = kinds[Math.floor(next() * kinds.length)] ?? "ask"
    const crash = crashes.get(n)
    if (crash === undefined) return { do: kind, n }
    return { do: crash === "speaking" ? "speak" : crash === "working" ? "call" : "ask", n, crash }
  })
}

/** What is said under a number: words that no other number has. */
export const wordsOf = (n: number | string): string => Array.from({ length: 8 }, (_, i) => `w${n}-${i}`).join(" ")

export const prompt = (n: number | string): string => `emulator:say ${wordsOf(n)}`

export const callPrompt = ({ do: what, n }: Exchange): string =>
  `emulator:call ${what === "call" ? "work" : "look"} {"n":${n}}`

/** What the model says of a function's result, as the emulator puts it. */
const spokenOf = ({ do: what, n }: Exchange): string =>
  `This is gemini-3.8-live, answering from the emulator. ${what === "call" ? "work" : "look"} returned ${
    JSON.stringify({ output: wordsOf(n) })
  }.`

const user = (text: string): Line => ({ who: "user", text })
const model = (text: string): Line => ({ who: "model", text })
const cut = (text: string): Line => ({ who: "model", text, isCut: true })
const ran = (n: number): Line => ({ who: "function", text: String(n) })

/** What must be in the transcript of one exchange. What the network broke is said again. */
const linesOf = (exchange: Exchange): ReadonlyArray<Line> => {
  const { crash, do: what, n } = exchange
  switch (what) {
    case "bargeIn":
      return [user(prompt(n)), cut(wordsOf(n)), user(prompt(`${n}b`)), model(wordsOf(`${n}b`))]
    case "call":
    case "later": {
      const asked = [user(callPrompt(exchange)), ran(n)]
      return [...(crash === undefined ? [] : asked), ...asked, model(spokenOf(exchange))]
    }
    default: {
      const broken = crash === "speaking" ? [user(prompt(n)), cut(wordsOf(n))] : []
      return [...broken, user(prompt(n)), model(wordsOf(n))]
    }
  }
}

/** The transcript that a conversation must have. */
export const transcript = (conversation: ReadonlyArray<Exchange>): ReadonlyArray<Line> => conversation.flatMap(linesOf)

/** What the server must remember of the user: all that was said, once, for a turn that the network broke is not kept. */
export const memory = (conversation: ReadonlyArray<Exchange>): ReadonlyArray<string> =>
  conversation.flatMap(({ do: what, n }) => linesOf({ do: what, n })).flatMap(({ text, who }) =>
    who === "user" ? [text] : []
  )

/** A transcript as it was told, where what was cut is as long as it must be if it is a beginning of what it must be. */
export const settled = (told: ReadonlyArray<Line>, expected: ReadonlyArray<Line>): ReadonlyArray<Line> =>
  told.map((line, i) => {
    const whole = expected[i]
    const isBeginning = line.isCut === true && whole?.isCut === true && line.text !== "" &&
      line.text.length < whole.text.length && whole.text.startsWith(line.text)
    return isBeginning ? whole : line
  })
