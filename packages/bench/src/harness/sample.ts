/** What is asked of a client's process, and what it answers. */

/** Something to measure. */
export interface Job {
  readonly op: "stream" | "events" | "upload" | "download" | "unary" | "first" | "rss" | "heap"
  readonly model: string
  /** How many calls the job makes. */
  readonly times: number
  /** How many of them run at once. */
  readonly concurrency: number
  readonly contents: "hello" | "chat"
  /** Where to write a CPU profile of the job. */
  readonly profile?: string
}

/** What a job cost. Times in milliseconds, memory in bytes. */
export interface Sample {
  readonly wall: number
  readonly cpu: number
  readonly calls: number
  readonly chunks: number
  readonly bytes: number
  /** Median microseconds to the first chunk (`first`). */
  readonly first: number
  /** RSS growth (`rss`), or live heap after / before (`heap`). */
  readonly memory: number
  /** Live heap that a call leaves behind in four times as many calls afterwards (`heap`). */
  readonly kept?: number
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? sorted[middle] ?? NaN
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}
