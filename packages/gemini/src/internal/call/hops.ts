/** How many requests an answer took. This is kept beside the answers, so that a received value stays as it came. */
import type { Charged } from "../../RateLimiter.ts"

/** How many hops an answer took, and what each of them is charged. */
export interface Hops {
  readonly count: number
  readonly charged: ReadonlyArray<Charged>
}

const known = /* @__PURE__ */ new WeakMap<object, Hops>()

/** The hops of an answer, or of the last chunk of a stream, as the client handed it out. */
export const hopsOf = (response: Charged): Hops => known.get(response) ?? { count: 1, charged: [response] }

export const setHops = (response: object, hops: Hops): void => {
  known.set(response, hops)
}
