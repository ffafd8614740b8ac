/**
 * Measures whether the end of a growing text is one piece, said over and over. Pure.
 *
 * Of the last so many characters the shortest period is computed (the prefix function of the text read backwards), each
 * time when a sixteenth of them is new: about 16 comparisons a character, and memory of twice the window, however long
 * the text grows.
 */

export interface Repetition {
  readonly piece: number
  readonly times: number
  readonly characters: number
}

/** Wider windows hold no more than a long answer has, and are memory all the same. */
const widest = 1_000_000

const whole = (value: number, least: number): number =>
  Number.isNaN(value) ? least : Math.min(widest, Math.max(least, Math.floor(value)))

export class Gauge {
  readonly #window: number
  readonly #times: number
  readonly #step: number
  readonly #prefix: Int32Array
  #tail = ""
  #characters = 0
  #unseen = 0

  /** `window` in characters; a piece stands in it `times` times or more. Neither is less than two. */
  constructor(window: number, times: number) {
    this.#times = whole(times, 2)
    this.#window = whole(window, this.#times)
    this.#step = Math.max(1, this.#window >> 4)
    this.#prefix = new Int32Array(this.#window)
  }

  /** Takes the next piece of the text; gives the repetition that it ends in. */
  add(text: string): Repetition | undefined {
    // A chunk may be longer than the window: no repetition in the middle of it is missed.
    for (let from = 0; from < text.length;) {
      const piece = text.slice(from, from + this.#step - this.#unseen)
      from += piece.length
      this.#characters += piece.length
      this.#unseen += piece.length
      this.#tail = (this.#tail + piece).slice(-this.#window)
      if (this.#unseen < this.#step) continue
      this.#unseen = 0
      const found = this.#look()
      if (found !== undefined) return found
    }
    return undefined
  }

  #look(): Repetition | undefined {
    const window = this.#window
    if (this.#tail.length < window) return undefined
    const piece = this.#period()
    const times = Math.floor(window / piece)
    return times < this.#times ? undefined : { piece, times, characters: this.#characters }
  }

  /** The shortest distance at which the whole tail is equal to itself. */
  #period(): number {
    const tail = this.#tail
    const prefix = this.#prefix
    const last = tail.length - 1
    let matched = 0
    for (let i = 1; i <= last; i++) {
      const code = tail.charCodeAt(last - i)
      while (matched > 0 && code !== tail.charCodeAt(last - matched)) matched = prefix[matched - 1] ?? 0
      if (code === tail.charCodeAt(last - matched)) matched++
      prefix[i] = matched
    }
    return tail.length - matched
  }
}
