/** What the turns of one Live session stand on. */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Answer from "../../Answer.ts"
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import type * as LiveLog from "../../LiveLog.ts"
import type * as ModelTable from "../../ModelTable.ts"
import type * as Utterance from "../answers/Utterance.ts"
import type * as Json from "../json.ts"
import type * as Scripts from "../rules/Scripts.ts"
import type * as Handles from "./handles.ts"
import type * as Outbox from "./outbox.ts"
import type * as Reply from "./spokenReply.ts"

export interface Setting {
  readonly model: string
  readonly row: ModelTable.Row | undefined
  /** The setup, to which `contextUpdate` adds. */
  setup: Json.Json
  readonly history: Handles.History
  /** From which quota the session was last served; undefined at the Gemini API. */
  traffic: string | undefined
  /** The calls of an earlier connection that may still be answered. */
  readonly pending: ReadonlyMap<string, Handles.Pending> | undefined
  /** The number of the client's message that is being handled. */
  readonly message: () => number
  readonly seed: string
  readonly calling: Utterance.Calling
  readonly values: Utterance.Values
  readonly chunkDelay: number
  readonly playback: number
  /** Milliseconds in which more may be said before there is an answer. */
  readonly mergeWithin: number
  /** Whether the turn of this number, of the model or of the user, counted from 0, is told without its end, … */
  readonly lacksTurnComplete: (turn: number) => boolean
  /** … has nothing in it, … */
  readonly isEmpty: (turn: number) => boolean
  /** … or is not answered before the user has said more. */
  readonly waitsForInput: (turn: number) => boolean
  /** Whether the end of a turn tells the status of the interaction. */
  readonly status: boolean
  readonly voice: Reply.Voice
  readonly outbox: Outbox.Outbox
  readonly entry: LiveLog.Mutable
  readonly changed: () => void
  readonly scope: Scope.Scope
  readonly request: (contents: ReadonlyArray<Json.Json>) => EmulatorRequest
  readonly scripted: (
    ...asked: [request: EmulatorRequest, body: Json.Json, misfit: (given: Answer.AnswerFields) => string | undefined]
  ) => Effect.Effect<Scripts.Scripted>
  /** Tells the client the state that it could come back to. Undefined: there is none at the moment. */
  readonly update: (mark: Handles.Mark | undefined) => Effect.Effect<void>
  readonly shut: (code: number, reason: string) => Effect.Effect<void>
}
