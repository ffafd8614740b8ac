/**
 * What the server counted against what was estimated, by kind of content: it corrects the next estimates.
 *
 * A correction rises at once to what an answer showed. After eight answers in a row that show less it falls, so that one
 * large file among small ones is not believed for long. It never goes below the estimate: what an answer gives back is
 * free again as soon as it is counted.
 *
 * Tokens are counted by the model, whoever asks, so all lanes of one limiter share what is known of a model.
 */
import * as Usage from "../../wire/Usage.ts"
import type { Estimate, Kind } from "./Tally.ts"

/** Less than this is as good as the words that the server adds to every request: no ratio can be taken from it. */
const small = 64

/** After so many answers in a row that were counted lower a correction falls, by this much of the difference. */
const patience = 8
const falls = 1 / 4

/**
 * The share of a lane's tokens a minute that a correction may raise one request to: calls still go one after the other
 * where that is too much, but none waits for an empty minute, or is refused as too large, because of others.
 */
const largest = 3 / 4

/** How many models are kept; beyond that all begin anew. */
const mostModels = 256

const modalities: Readonly<Record<string, ReadonlyArray<Kind>>> = {
  IMAGE: ["image"],
  AUDIO: ["audio", "audioFile"],
  VIDEO: ["video", "videoFile"],
  DOCUMENT: ["document", "documentFile"]
}

/** Sums of fractions differ by less than this where they are the same. */
const trace = 1e-6

type Metadata = Pick<
  Usage.UsageMetadata,
  "promptTokenCount" | "promptTokensDetails" | "cachedContentTokenCount" | "cacheTokensDetails"
>

/** The tokens of a modality; undefined if the server did not say. */
const tokensOf = (details: Metadata["promptTokensDetails"], modality: string): number | undefined =>
  details?.reduce<number | undefined>(
    (sum, one) => one.modality === modality ? (sum ?? 0) + Usage.count(one.tokenCount) : sum,
    undefined
  )

/** Of one kind: the tokens that the server counts for each estimated, and those above a small estimate. */
class Correction {
  factor = 1
  above = 0
  /** How many answers in a row showed less. */
  lower = 0
}

export class Corrections {
  readonly #kinds = new Map<Kind, Correction>()
  /** It counts the changes. */
  revision = 0

  /** The tokens to reserve. `tpm`: the lane's limit. */
  applied(estimate: Estimate, tpm: number): number {
    if (typeof estimate === "number") return estimate
    const { total } = estimate
    if (this.#kinds.size === 0) return total
    let sum = this.#corrected("text", estimate.text)
    for (const [kind, tokens] of estimate.media ?? []) sum += this.#corrected(kind, tokens)
    // Sums of fractions may be a trace above a whole number.
    const corrected = Math.ceil(sum - trace)
    return corrected <= total ? total : Math.max(total, Math.min(corrected, Math.floor(tpm * largest)))
  }

  /** Takes what the server counted for an estimate. A count that is not final may only raise what is known. */
  hear(estimate: Estimate, metadata: Metadata | null | undefined, isFinal: boolean): void {
    const total = Usage.count(metadata?.promptTokenCount)
    if (typeof estimate === "number" || metadata == null || !(total > 0)) return
    const { media, text } = estimate
    if (media === undefined) return this.#learn("text", text, total, isFinal)
    const { cachedContentTokenCount, cacheTokensDetails, promptTokensDetails } = metadata
    const kinds = new Map(media)
    let rest = total
    const take = (kind: Kind, estimated: number, counted: number): void => {
      rest -= counted
      this.#learn(kind, estimated, counted, isFinal)
    }
    const isCached = kinds.has("cache")
    if (isCached) {
      take("cache", kinds.get("cache") ?? 0, Usage.count(cachedContentTokenCount))
      kinds.delete("cache")
    }
    const counted = (modality: string): number | undefined => {
      const all = tokensOf(promptTokensDetails, modality)
      // The tokens of the cache are told with those of the request.
      return all === undefined ? undefined : all - (isCached ? tokensOf(cacheTokensDetails, modality) ?? 0 : 0)
    }
    const words = counted("TEXT")
    if (words === undefined) rest -= Math.min(rest, this.#corrected("text", text))
    else take("text", text, words)
    for (const [modality, meant] of Object.entries(modalities)) {
      const theirs = meant.filter((kind) => kinds.has(kind))
      const tokens = theirs.length === 0 ? undefined : counted(modality)
      if (tokens === undefined) continue
      this.#share(theirs, kinds, tokens, isFinal)
      rest -= tokens
      for (const kind of theirs) kinds.delete(kind)
    }
    this.#share([...kinds.keys()], kinds, rest, isFinal)
  }

  /** Learns of several kinds that were counted together. */
  #share(kinds: ReadonlyArray<Kind>, estimates: ReadonlyMap<Kind, number>, counted: number, isFinal: boolean): void {
    const estimated = kinds.reduce((sum, kind) => sum + (estimates.get(kind) ?? 0), 0)
    for (const kind of kinds) {
      const part = estimates.get(kind) ?? 0
      this.#learn(kind, part, counted * part / estimated, isFinal)
    }
  }

  #corrected(kind: Kind, estimated: number): number {
    const known = this.#kinds.get(kind)
    if (known === undefined || estimated === 0) return estimated
    return Math.max(estimated * known.factor, estimated < small ? estimated + known.above : 0)
  }

  #learn(kind: Kind, estimated: number, counted: number, isFinal: boolean): void {
    if (!(estimated > 0) || !(counted >= 0 && counted <= Number.MAX_SAFE_INTEGER)) return
    const known = this.#kinds.get(kind)
    if (known === undefined) {
      if (counted <= estimated) return
      this.#kinds.set(kind, new Correction())
      return this.#learn(kind, estimated, counted, isFinal)
    }
    const name = estimated < small ? "above" : "factor"
    const shown = name === "above" ? Math.max(0, counted - estimated) : Math.max(1, counted / estimated)
    const before = known[name]
    if (shown >= before * (1 - trace)) {
      known.lower = 0
      known[name] = Math.max(shown, before)
    } else if (isFinal && ++known.lower > patience) known[name] += (shown - before) * falls
    if (Math.abs(known[name] - before) > before * trace) this.revision++
  }
}

const byLimiter = /* @__PURE__ */ new WeakMap<object, Map<string, Corrections>>()

/** What the lanes of a limiter know of a model. */
export const of = (limiter: object, model: string): Corrections => {
  let models = byLimiter.get(limiter)
  if (models === undefined) byLimiter.set(limiter, models = new Map())
  let known = models.get(model)
  if (known === undefined) {
    if (models.size >= mostModels) models.clear()
    models.set(model, known = new Corrections())
  }
  return known
}
