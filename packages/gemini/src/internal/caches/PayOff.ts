/**
 * When a cache pays: a rule that knows the prices, the tokens and the calls so far, and nothing of those to come. Without
 * Effect; times are milliseconds, amounts are of any one currency.
 *
 * A cache is made at a call, and kept until its storage since the last hit has cost as much as a hit saves (or as much as
 * making it again costs, if that is less). By this alone no day costs more than twice what it costs whoever knows all of
 * it: a call that no other one follows costs the inline price once more, and a gap that was too long to wait for was paid
 * by the other side, too.
 *
 * Where most of the latest gaps were too long, the rule would rather wait for a second call. It does so as long as the
 * bound of twice holds whatever comes next, for which it keeps two accounts: what was paid, and the least that could have
 * been paid for the calls so far.
 */

/** What the prefix costs: inline in a call, out of a cache in a call, to make a cache of it, and to keep it. */
export interface PrefixPrices {
  readonly inline: number
  readonly cached: number
  readonly creation: number
  /** For a millisecond. */
  readonly storage: number
}

/** How many of the latest gaps are looked at. */
const remembered = 8

/** Amounts are sums of many parts; a difference below this share of an inline call is none. */
const tolerance = 1e-9

export class PayOff {
  readonly prices: PrefixPrices
  /** How long a cache is kept after its last hit, in milliseconds. */
  readonly hold: number
  #now: number | undefined
  #arrived: number | undefined
  /** Whether the latest gaps were short enough for a cache to outlast them. */
  #gaps: ReadonlyArray<boolean> = []
  /** Storage is paid from the one time to the other. */
  #from = 0
  #until = 0
  #paid = 0
  /** The price of all calls inline. */
  #uncached = 0
  /** What the calls cost beside the prefix, for us and for anybody. */
  #rest = 0
  /** The least that could have been paid so far, for whoever has no cache now and whoever has one. */
  #without = 0
  #with: number

  constructor(prices: PrefixPrices) {
    this.prices = prices
    const { cached, creation, inline, storage } = prices
    this.hold = Math.max(0, Math.min(creation, inline - cached)) / storage
    this.#with = creation
  }

  /** What was paid for the prefix so far: inline, out of caches, for making and keeping them. */
  get paid(): number {
    return this.#paid
  }

  /** What the same calls cost without a cache. */
  get uncached(): number {
    return this.#uncached
  }

  /** Notes that a call comes. It may fail yet; what it costs is told by `served`. */
  arrived(now: number): void {
    this.#advance(now)
    if (this.#arrived !== undefined) {
      this.#gaps = [...this.#gaps.slice(1 - remembered), now - this.#arrived <= this.hold]
    }
    this.#arrived = now
  }

  /** Whether a call that finds no cache should make one. */
  shouldCreate(now: number): boolean {
    const { cached, creation, inline, storage } = this.prices
    this.#advance(now)
    if (!(this.hold > 0) || this.#isDense()) return this.hold > 0
    // The accounts after this call, if it goes inline.
    const without = Math.min(this.#without + inline, this.#with + cached)
    const gap = Math.min(this.#with + cached, without + creation) - without
    const slack = 2 * without - (this.#paid + inline) + this.#rest
    // The worst that can follow: the next call comes at once, a cache is made for it, and nobody comes any more.
    const worst = creation + cached - 2 * Math.min(inline, gap + cached) + this.hold * storage
    return slack < Math.max(0, worst) - tolerance * inline
  }

  /** A cache was made that will be there until then. */
  created(now: number, until: number): void {
    this.#advance(now)
    this.#paid += this.prices.creation
    this.#from = now
    this.#until = until
  }

  /** A cache was found that others made and keep until then. */
  adopted(now: number, until: number): void {
    this.#advance(now)
    this.#from = until
    this.#until = until
  }

  /** The cache that is there ends at another time, or is gone now. */
  endsAt(now: number, until: number): void {
    this.#advance(now)
    this.#until = until
  }

  /**
   * A call was answered. `count` is how many requests it took, `inline` what the prefix cost in one that was not cached (the
   * server may have cached it by itself), and `rest` what the call cost beside.
   */
  served(
    now: number,
    call: { readonly isHit: boolean; readonly count?: number; readonly inline?: number; readonly rest?: number }
  ): void {
    const { count = 1, inline = this.prices.inline, isHit, rest = 0 } = call
    this.#advance(now)
    this.#paid += count * (isHit ? this.prices.cached : inline)
    this.#uncached += count * inline
    this.#rest += rest
    this.#without += count * inline
    this.#with += count * this.prices.cached
    this.#relax()
  }

  /** Whether at least half of the latest gaps, and of two that are imagined, were short. */
  #isDense(): boolean {
    const short = this.#gaps.filter((isShort) => isShort).length
    return 2 * (short + 1) >= this.#gaps.length + 2
  }

  #advance(now: number): void {
    const before = this.#now ?? now
    const after = Math.max(before, now)
    this.#now = after
    const { storage } = this.prices
    this.#paid += storage * Math.max(0, Math.min(after, this.#until) - Math.max(before, this.#from))
    this.#with += storage * (after - before)
    this.#relax()
  }

  /** A cache can be given up for nothing, and be made for its price. */
  #relax(): void {
    this.#without = Math.min(this.#without, this.#with)
    this.#with = Math.min(this.#with, this.#without + this.prices.creation)
  }
}
