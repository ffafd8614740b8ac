/** Who reads the answer of one turn: `ask` as a whole (`AnswerReader`), a stream as it comes (`ViewReader`). */
import type { ServerMessage } from "../../live/LiveProtocol.ts"
import type { Overlap } from "../../live/LiveSession.ts"
import type { LiveError } from "../../LiveError.ts"

export interface Reader {
  /** Whether it holds anything that the model said. */
  readonly isFilled: boolean
  /** How many bytes of its bound are taken. */
  readonly bytes: number
  readonly limit: number
  /** Takes what a message says of the turn. `finishReason` is there with the end. `false`: there was no room. */
  readonly take: (message: ServerMessage, bytes: number, finishReason: string | undefined) => boolean
  /** A turn begins that may answer this reader or another text: what an earlier one of that kind said is dropped. */
  readonly doubt: () => void
  /** The reader's own turn begins: what others said is dropped. */
  readonly own: () => void
  /** Ends the answer. A finish reason is given where the server did not say that the turn ends. */
  readonly end: (finishReason: string | undefined, overlap: Overlap | undefined) => void
  readonly fail: (error: LiveError) => void
  /** Drops the sound that waits to be played, and says how many pieces that were. */
  readonly silence: () => number
}
