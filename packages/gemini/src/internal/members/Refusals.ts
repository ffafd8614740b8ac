/**
 * What was refused for good: a member's key, or a model at a member that does not have it. It is left out, and one call
 * looks again after half a minute, then after twice the time, up to an hour. Without Effect.
 *
 * A 401 is of the key, whatever is asked; a 403 may be of the one model that the key is not let at, so it leaves out
 * the key for that model. What refuses a request that names something on the server says nothing of either.
 */
import type { GeminiErrorReason } from "../../errors/GeminiErrorReason.ts"
import type { GeminiError } from "../../GeminiError.ts"
import * as LiveClose from "../live/close.ts"

/** How long what was refused is left out at first, in milliseconds. */
const first = 30_000

/** How long at most. */
const longest = 3_600_000

/** The most refusals that are remembered. Beyond that, the oldest is forgotten. */
const capacity = 10_000

interface Refusal {
  readonly wait: number
  until: number
  /** When the call that looks again began. */
  probedAt: number | undefined
}

/** A member and a model for one kind of call. */
export interface Site {
  readonly member: string
  readonly model: string
  readonly family: string
}

/** What is refused, and in how many milliseconds somebody may look again. */
export interface LeftOut {
  readonly of: "key" | "model"
  readonly opensIn: number
}

const keyAt = ({ member, model }: Site): string => `${member}/${model}`
const modelAt = ({ family, member, model }: Site): string => `${member}/${model} ${family}`
const keysOf = (site: Site): ReadonlyArray<string> => [site.member, keyAt(site), modelAt(site)]

/** Whether the server does not have the model, which another project or region may have. */
export const isModelMissing = (reason: GeminiErrorReason): boolean =>
  reason._tag === "NotFound" && reason.transport === undefined ||
  reason._tag === "Live" && LiveClose.isModelMissing(reason.reason)

export class Refusals {
  readonly #refusals = new Map<string, Refusal>()
  readonly #changed: () => void

  /** `changed` is told when somebody is let in again, so that who waits looks anew. */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  get isEmpty(): boolean {
    return this.#refusals.size === 0
  }

  /** A refusal that lies further ahead than its wait is of a clock that was ahead and is set back: it begins anew. */
  #of(key: string, now: number): Refusal | undefined {
    const refusal = this.#refusals.get(key)
    if (refusal !== undefined) refusal.until = Math.min(refusal.until, now + refusal.wait)
    return refusal
  }

  #opensIn(key: string, now: number): number {
    return Math.max(0, (this.#of(key, now)?.until ?? 0) - now)
  }

  /** Whether nothing says that the member does not have the model. */
  hasModel(site: Site, now: number): boolean {
    return this.#opensIn(modelAt(site), now) <= 0
  }

  at(site: Site, now: number): LeftOut | undefined {
    const key = Math.max(this.#opensIn(site.member, now), this.#opensIn(keyAt(site), now))
    if (key > 0) return { of: "key", opensIn: key }
    const model = this.#opensIn(modelAt(site), now)
    return model > 0 ? { of: "model", opensIn: model } : undefined
  }

  /** Lets one call look again, if it is time for that; the others keep away meanwhile. */
  enter(site: Site, now: number): void {
    for (const key of keysOf(site)) {
      const refusal = this.#of(key, now)
      if (refusal === undefined || refusal.until > now) continue
      refusal.until = now + refusal.wait
      refusal.probedAt = now
    }
  }

  /** Learns from the error of an attempt that began at `began`. */
  learn(site: Site, { reason, status }: GeminiError, began: number, now: number): void {
    if (reason._tag === "Unauthenticated") this.refused(status === 403 ? keyAt(site) : site.member, began, now)
    else if (isModelMissing(reason)) this.modelMissing(site, began, now)
  }

  modelMissing(site: Site, began: number, now: number): void {
    this.refused(modelAt(site), began, now)
  }

  /** Notes a refusal. Only that of a call that looked again makes the wait longer. */
  refused(key: string, began: number, now: number): void {
    const known = this.#refusals.get(key)
    if (known !== undefined && known.probedAt !== began) return
    const wait = known === undefined ? first : Math.min(longest, 2 * known.wait)
    this.#refusals.delete(key)
    this.#refusals.set(key, { wait, until: now + wait, probedAt: undefined })
    if (this.#refusals.size <= capacity) return
    for (const oldest of this.#refusals.keys()) {
      this.#refusals.delete(oldest)
      return
    }
  }

  /** Forgets what was refused, because there was an answer. */
  answered(site: Site): void {
    if (this.#refusals.size > 0) this.#forget(keysOf(site))
  }

  /** Forgets all that was refused at a member, because somebody says so. */
  readmit(member: string): void {
    this.#forget([...this.#refusals.keys()].filter((key) => key === member || key.startsWith(`${member}/`)))
  }

  #forget(keys: ReadonlyArray<string>): void {
    if (keys.filter((key) => this.#refusals.delete(key)).length > 0) this.#changed()
  }
}
