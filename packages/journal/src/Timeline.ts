/**
 * Times on one axis, for pages that show when what ran.
 *
 * ```ts
 * import * as Timeline from "effect-gemini-journal/Timeline"
 *
 * const day = 86_400_000
 * const axis = Timeline.axisOf([
 *   { from: 0, to: 1_000, isRest: false },
 *   { from: 1_000, to: day, isRest: true },
 *   { from: day, to: day + 1_000, isRest: false }
 * ])
 * console.log(axis.isShortened, axis.at(1_000) > 0.4) // true true
 * ```
 *
 * @since 0.2.0
 */

/**
 * Something that took time, in milliseconds since the epoch. In a rest, such as the wait for a person, nothing ran.
 *
 * @category models
 * @since 0.2.0
 */
export interface Span {
  readonly from: number
  readonly to: number
  readonly isRest: boolean
}

/**
 * An axis from 0 to 1 for times.
 *
 * @category models
 * @since 0.2.0
 */
export interface Axis {
  readonly at: (time: number) => number
  /** Whether times in which nothing ran are drawn shorter than they were. */
  readonly isShortened: boolean
}

/** The part of the time in which something ran that is drawn of a long rest. */
const restPart = 0.1

/**
 * The axis of what took time. Rests, and times in which there was nothing at all, are drawn short where they are long: the
 * others would be too thin to see beside a wait of days.
 *
 * @category constructors
 * @since 0.2.0
 */
export const axisOf = (spans: ReadonlyArray<Span>): Axis => {
  const ends = [...new Set(spans.flatMap(({ from, to }) => [from, to]))].toSorted((a, b) => a - b)
  const pieces = ends.slice(1).map((to, i) => {
    const from = ends[i] ?? to
    const isBusy = spans.some((span) => !span.isRest && span.from < to && span.to > from)
    return { from, to, isBusy }
  })
  const busy = pieces.reduce((sum, { from, isBusy, to }) => isBusy ? sum + to - from : sum, 0)
  const most = busy === 0 ? Infinity : busy * restPart
  const widths = pieces.map(({ from, isBusy, to }) => isBusy ? to - from : Math.min(to - from, most))
  const all = widths.reduce((sum, width) => sum + width, 0)
  return {
    isShortened: pieces.some(({ from, to }, i) => (widths[i] ?? 0) < to - from),
    at: (time) => {
      if (all === 0) return 0
      let place = 0
      for (const [i, { from, to }] of pieces.entries()) {
        const width = widths[i] ?? 0
        if (time >= to) place += width
        else if (time > from) place += width * (time - from) / (to - from)
      }
      return place / all
    }
  }
}
