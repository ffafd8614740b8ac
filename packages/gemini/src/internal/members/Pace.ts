/**
 * How fast members answer. It tells whether one that is silent is only slow, and how long a probe may be silent.
 * Without Effect.
 */

/** The milliseconds of silence that say something if a call is ended in it. */
const silence = 10_000

/** How long the probe of a model that nobody has answered for yet may be silent, in milliseconds. */
const unknown = 60_000

/** The most ways, and the most models, that are remembered. */
const capacity = 1_024

const set = (map: Map<string, number>, key: string, value: number): void => {
  if (map.size >= capacity && !map.has(key)) map.clear()
  map.set(key, value)
}

export class Pace {
  /** When each way last answered, by the key of its circuit. */
  readonly #answeredAt = new Map<string, number>()
  /** How long the slow ones of the latest answers took, by model and kind of call. */
  readonly #slowest = new Map<string, number>()

  /** Notes an answer, or the first chunk of a stream, to an attempt that began at `began`. */
  answered(circuit: string, kind: string, began: number, now: number): void {
    set(this.#answeredAt, circuit, now)
    const took = now - began
    set(this.#slowest, kind, Math.max(took, 0.9 * (this.#slowest.get(kind) ?? 0)))
  }

  /**
   * Whether an attempt that ends now without a byte tells that its member hangs: it had its time (ten seconds, or half
   * of the call's own `total`), and since it began nobody else was answered there either.
   */
  hangs(circuit: string, began: number, now: number, total: number): boolean {
    return now - began >= Math.min(silence, total / 2) && !((this.#answeredAt.get(circuit) ?? -Infinity) > began)
  }

  /**
   * How many milliseconds a probe may be silent: twice the slowest of the latest answers, ten seconds at least, and at
   * most half of what is left of the call, so that another way can still answer it.
   */
  probe(kind: string, remaining: number): number {
    const slowest = this.#slowest.get(kind)
    if (slowest === undefined) return Math.min(unknown, remaining / 2)
    return Math.max(slowest, Math.min(Math.max(silence, 2 * slowest), remaining / 2))
  }

  /** Whether a probe that was silent for so long was given its time. A call that has little left cannot tell. */
  tells(kind: string, waited: number, total: number): boolean {
    return waited >= this.#fair(kind, total)
  }

  /**
   * How many milliseconds a call must have left to become a probe: what an answer takes, and as long as its silence
   * must last to tell something. Else calls that have little time left would probe one after the other for nothing.
   */
  needed(kind: string, total: number): number {
    return Math.min(Math.max(this.#slowest.get(kind) ?? 0, this.#fair(kind, total)), total / 2)
  }

  #fair(kind: string, total: number): number {
    const slowest = this.#slowest.get(kind)
    return Math.min(slowest === undefined ? silence : Math.max(2_000, 2 * slowest), total / 4)
  }
}
