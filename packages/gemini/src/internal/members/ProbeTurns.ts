/**
 * Whose turn it is to be probed where every way of a call is behind a circuit. Members that fail together would be
 * probed together, and then none of them for a whole minute. So one is probed at a time, and `n` of them share the time
 * that each is left alone: somebody is asked every `1/n` of it. Without Effect.
 */
import type { CircuitState } from "./circuit.ts"

/** How long others wait for a probe that says nothing, in milliseconds. */
const silence = 10_000

/** The most circuits that are remembered. */
const capacity = 1_024

interface Leave {
  /** For how many milliseconds it was open, as long as anybody saw it. */
  wait: number
  /** When it was probed last. */
  probedAt: number
}

export class ProbeTurns {
  /** The circuits that are not closed, by key. */
  readonly #leaves = new Map<string, Leave>()

  /** Whether no circuit is known that was not closed. */
  get isEmpty(): boolean {
    return this.#leaves.size === 0
  }

  /** Whether one of these circuits is known that was not closed when it was last seen. */
  knows(keys: () => ReadonlyArray<string>): boolean {
    return !this.isEmpty && keys().some((key) => this.#leaves.has(key))
  }

  /** Notes that a probe began. */
  began(key: string, now: number): void {
    const leave = this.#leaveOf(key)
    leave.wait = 0
    leave.probedAt = now
  }

  /** The circuits of a call's ways as they stand for it, given as key and state. */
  held(circuits: ReadonlyArray<readonly [key: string, state: CircuitState]>, now: number): ReadonlyArray<CircuitState> {
    let isOut = true
    for (const [key, { retryIn, state }] of circuits) {
      if (state === "closed") {
        isOut = false
        if (this.#leaves.size > 0) this.#leaves.delete(key)
      } else if (state === "open") {
        const leave = this.#leaveOf(key)
        leave.wait = Math.max(leave.wait, retryIn)
      }
    }
    const states = circuits.map(([, state]) => state)
    if (!isOut || circuits.length === 1) return states
    // A probe that lies ahead is of a clock that was set back.
    const probes = circuits.map(([key]) => this.#leaves.get(key)?.probedAt ?? -Infinity).filter((at) => at <= now)
    const last = Math.max(-Infinity, ...probes)
    const probed = states.find(({ retryIn, state }) => state === "halfOpen" && retryIn > 0)
    const probing = probed !== undefined && now - last < silence ? probed.retryIn : 0
    return circuits.map(([key, state]) => {
      const turnIn = last + (this.#leaves.get(key)?.wait ?? 0) / circuits.length - now
      return { state: state.state, retryIn: Math.max(state.retryIn, turnIn, probing) }
    })
  }

  #leaveOf(key: string): Leave {
    const known = this.#leaves.get(key)
    if (known !== undefined) return known
    if (this.#leaves.size >= capacity) this.#leaves.clear()
    const leave: Leave = { wait: 0, probedAt: -Infinity }
    this.#leaves.set(key, leave)
    return leave
  }
}
