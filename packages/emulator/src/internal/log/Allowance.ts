/**
 * One bound on bytes for the logs of all spaces together. What exceeds it is dropped: the oldest entries of whichever
 * log holds the most, so that a loud space does not cost a quiet one its log.
 */

/** A log that shares the bound. */
export interface Holder {
  /** How many bytes it holds, by its own estimate. */
  readonly bytes: () => number
  /** Drops its oldest entries until so many bytes are free, tells the allowance by `changed`, and gives them back. */
  readonly drop: (bytes: number) => number
}

export interface Allowance {
  readonly limit: number
  readonly join: (holder: Holder) => void
  /** Frees what the holder held. */
  readonly leave: (holder: Holder) => void
  /** Tells that a log holds so many bytes more. */
  readonly changed: (by: number) => void
  readonly held: () => number
}

/** The default: 256 MB. */
export const standard = 256 * 1024 * 1024

export const make = (limit: number): Allowance => {
  const holders = new Set<Holder>()
  let held = 0
  /** Frees a sixteenth of the bound at once, so that the search for the largest log costs next to nothing per entry. */
  const sweep = () => {
    let over = held - limit + Math.ceil(limit / 16)
    for (let freed = 1; over > 0 && freed > 0; over -= freed) {
      let largest: Holder | undefined
      for (const holder of holders) if (holder.bytes() > (largest?.bytes() ?? 0)) largest = holder
      freed = largest === undefined ? 0 : largest.drop(Math.min(over, Math.ceil(largest.bytes() / 2)))
    }
  }
  return {
    limit,
    join: (holder) => {
      holders.add(holder)
    },
    leave: (holder) => {
      if (holders.delete(holder)) held -= holder.bytes()
    },
    changed: (by) => {
      held += by
      if (by > 0 && held > limit) sweep()
    },
    held: () => held
  }
}
