/** What is asked of a Live client's process, and what it answers. */
import { chunkText, soundDown, soundsPerSecond, type Subject, type Tally, usage } from "./subject.ts"

export interface LiveJob {
  readonly op: keyof Subject
  readonly count: number
  /** Whether memory is looked at after the job, behind collections. */
  readonly memory?: boolean
}

/** Times in milliseconds, memory in bytes. */
export interface LiveSample {
  readonly wall: number
  readonly cpu: number
  readonly tally: Tally
  /** Live heap with its buffers. */
  readonly heap: number
  readonly rss: number
}

const turns = (count: number, chunks: number): Tally => ({
  chunks: count * chunks,
  bytes: count * chunks * chunkText.length,
  tokens: count * usage.totalTokenCount
})

/** What a complete job delivers. */
export const expected = ({ count, op }: LiveJob): Tally => {
  switch (op) {
    case "chunks":
      return turns(1, count)
    case "audio": {
      const sounds = count * soundsPerSecond
      return { chunks: sounds, bytes: sounds * soundDown / 3 * 4, tokens: sounds / 50 * usage.totalTokenCount }
    }
    case "turns":
    case "asks":
    case "events":
    case "sessions":
    case "idle":
      return turns(count, 1)
  }
}
