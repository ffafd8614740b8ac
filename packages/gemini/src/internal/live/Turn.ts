/** One turn between client and server: what asked for it, how far the server has got, and who reads the answer. */
import type { ClientMessage } from "../../live/LiveProtocol.ts"
import type { Overlap } from "../../live/LiveSession.ts"
import type { FunctionCall } from "../../wire/Part.ts"

/** What asks the model to speak: a text, the user's speech, or the answers of functions that it did not wait for. */
export type TurnKind = "text" | "speech" | "functions"

export class Turn<Reader> {
  kind: TurnKind
  /** The text that asked for it. */
  readonly message: ClientMessage | undefined
  /** The place of that text among the client's messages; the setup is 0. */
  index: number
  /** `over`: its reader has the whole answer, and the server has not said that it ended the turn. */
  state: "waiting" | "begun" | "over" = "waiting"
  /** Whether a handle was given out since it was sent. */
  maybeKept = false
  /** Whether a turn of the server that began after it was sent has ended: that turn may have answered it too. */
  maybeAnswered = false
  /** Whether the turn that the server is speaking began after it was sent. */
  isUnder = false
  /** Whether its caller no longer waits for it. */
  isGivenUp = false
  /** Whether the model says nothing more of its own accord. */
  isGenerated = false
  isInterrupted = false
  /** Whether the model said anything, or asked for anything. */
  hasWords = false
  /** Whether functions were answered that the model did not wait for, and it has said nothing since. */
  isUnspoken = false
  /** The functions that the model asked for in it, and that were neither answered nor taken back. */
  calls: ReadonlyArray<FunctionCall> = []
  /** Who reads the answer, if that is one view. */
  reader: Reader | undefined
  /** What else its answer may be to. */
  overlap: Overlap | undefined

  constructor(kind: TurnKind, message: ClientMessage | undefined, index: number, reader: Reader | undefined) {
    this.kind = kind
    this.message = message
    this.index = index
    this.reader = reader
  }
}
