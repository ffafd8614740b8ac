/**
 * Where a chat keeps its turns: in the Journal of the context, or in memory for as long as it lasts. Steps are kept byte
 * for byte, those that are large beside the records.
 */
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Records from "effect-gemini-journal/Records"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ChatTurn } from "../../interactions/InteractionChat.ts"
import { Step } from "../../interactions/Step.ts"
import { ResourceHandle } from "../../resources/ResourceHandle.ts"
import { Usage } from "../../wire/Usage.ts"

/** The start of the ids of its runs, by which `Journal.prune` finds those that are old. */
export const prefix = "gemini-chat-"

export interface ChatLog {
  readonly append: (turn: ChatTurn) => Effect.Effect<void, JournalError>
  /** The turns that were kept before it was opened. */
  readonly turns: ReadonlyArray<ChatTurn>
}

const Steps = Schema.Array(Step)

/** Steps whose JSON is longer than this lie in a blob. A record has at most 1 MiB. */
const longest = 1 << 16

const TurnRecord = Schema.Struct({
  steps: Schema.optionalKey(Steps),
  /** The blob that holds the steps as JSON. */
  blob: Schema.optionalKey(Schema.String),
  interaction: ResourceHandle,
  usage: Schema.optionalKey(Usage),
  at: Schema.Finite
})

type TurnRecord = typeof TurnRecord.Type

const records = /* @__PURE__ */ Records.make({
  name: "effect-gemini/InteractionChat",
  version: 1,
  schema: TurnRecord
})

const turnOf = ({ at, interaction, usage }: TurnRecord, steps: ReadonlyArray<Step>): ChatTurn => ({
  steps,
  interaction,
  at,
  ...(usage === undefined ? {} : { usage })
})

const readSteps = (bytes: Uint8Array): Effect.Effect<ReadonlyArray<Step>> =>
  Effect.orDie(
    Effect.fromResult(
      Result.flatMap(
        Result.try((): unknown => JSON.parse(new TextDecoder().decode(bytes))),
        Schema.decodeUnknownResult(Steps)
      )
    )
  )

const inJournal = (
  journal: Journal.Journal["Service"],
  id: string
): Effect.Effect<ChatLog, JournalError, Scope.Scope> =>
  Effect.gen(function*() {
    const name = `${prefix}${id}`
    const run = yield* Effect.catchReason(
      journal.resume(records, name),
      "JournalError",
      "NotFound",
      () => journal.create(records, name)
    )
    const turns = yield* journal.read(records, name).pipe(
      Stream.takeWhile(({ seq }) => seq < run.next),
      Stream.map((entry) => entry._tag === "Recorded" ? [entry.record] : []),
      Stream.flattenIterable,
      Stream.mapEffect((record) =>
        Effect.map(
          record.blob === undefined
            ? Effect.succeed(record.steps ?? [])
            : Effect.flatMap(journal.getBlob(name, record.blob), readSteps),
          (steps) => turnOf(record, steps)
        )
      ),
      Stream.runCollect
    )
    return {
      turns,
      append: ({ steps, ...turn }) => {
        const text = JSON.stringify(steps)
        return text.length <= longest
          ? Effect.asVoid(run.append([{ ...turn, steps }]))
          : Effect.flatMap(
            run.putBlob(new TextEncoder().encode(text)),
            (blob) => Effect.asVoid(run.append([{ ...turn, blob }]))
          )
      }
    }
  })

/** The log of a chat by its id. */
export const open = (id: string): Effect.Effect<ChatLog, JournalError, Scope.Scope> =>
  Effect.flatMap(
    Effect.serviceOption(Journal.Journal),
    Option.match({
      onNone: () => Effect.succeed({ turns: [], append: () => Effect.void }),
      onSome: (journal) => inJournal(journal, id)
    })
  )
