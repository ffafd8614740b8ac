/**
 * Conversations: turns one after the other over `rounds`, each kept before its answer is given.
 */
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { GeminiError } from "../../GeminiError.ts"
import * as Interaction from "../../interactions/Interaction.ts"
import type { ChatAnswer, ChatOptions, ChatTurn, InteractionChat } from "../../interactions/InteractionChat.ts"
import type { Request } from "../../interactions/InteractionRequest.ts"
import { Interactions, type InteractionsService } from "../../interactions/Interactions.ts"
import type { RoundEvent } from "../../interactions/InteractionTools.ts"
import type { InteractionInput } from "../../interactions/types/InteractionTypes.ts"
import { invalid } from "../resources/invalid.ts"
import * as ChatLog from "./chatLog.ts"
import * as Rounds from "./rounds.ts"

const method = "interactions.chat"

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

const randomId: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, letters.length - 1), 20),
  (places) => places.map((place) => letters.charAt(place)).join("")
)

/** The journal takes no other names. */
const isId = (id: string): boolean => /^[A-Za-z0-9_-]{1,80}$/.test(id)

const idOf = (id: string | undefined): Effect.Effect<string, GeminiError> =>
  id === undefined
    ? randomId
    : isId(id)
    ? Effect.succeed(id)
    : Effect.fail(invalid(method, "id", "expected 1 to 80 letters, digits, - and _"))

const chat = <R>(
  interactions: InteractionsService,
  { options: always, request, tools }: ChatOptions<R>,
  id: string,
  log: ChatLog.ChatLog,
  before: ReadonlyArray<ChatTurn>,
  one: Semaphore.Semaphore
): InteractionChat<R> => {
  let turns = before

  const asked = (input: InteractionInput): Request => ({ ...request, input })

  const keep = (event: RoundEvent): Effect.Effect<void, JournalError> => {
    if (event._tag !== "Answered") return Effect.void
    const { handle, steps, usage } = event.answer
    return Effect.flatMap(Clock.currentTimeMillis, (at) => {
      const turn: ChatTurn = { steps, interaction: handle, at, ...(usage === undefined ? {} : { usage }) }
      // The turn is kept here once it is written, however the fiber is interrupted.
      return Effect.uninterruptible(
        Effect.andThen(
          log.append(turn),
          Effect.sync(() => {
            turns = [...turns, turn]
          })
        )
      )
    })
  }

  const send: InteractionChat<R>["send"] = (input, options) =>
    Stream.unwrap(Effect.gen(function*() {
      yield* Effect.acquireRelease(one.take(1), () => one.release(1))
      return Rounds.run({
        interactions,
        request: asked(input),
        tools,
        options: { ...always, ...options },
        history: turns.flatMap(({ steps }) => steps),
        previous: turns.at(-1)?.interaction
      }).pipe(Stream.tap(keep))
    }))

  return {
    id,
    turns: Effect.sync(() => turns),
    send,
    ask: (input, options) =>
      Effect.flatMap(
        Stream.runFold(
          send(input, options),
          (): { readonly answer: ChatAnswer | undefined; readonly forgotten: boolean } => ({
            answer: undefined,
            forgotten: false
          }),
          ({ answer, forgotten }, event) => ({
            forgotten: forgotten || event._tag === "Forgotten",
            answer: event._tag === "Answered"
              ? { ...event.answer, text: Interaction.text(event.answer.interaction), forgotten }
              : answer
          })
        ),
        ({ answer }) => answer === undefined ? Effect.die("a turn ended without an answer") : Effect.succeed(answer)
      ),
    fork: ({ at = turns.length, id } = {}) =>
      Effect.suspend(() => {
        if (!Number.isInteger(at) || at < 0 || at > turns.length) {
          return Effect.fail(invalid(method, "at", `expected a number of turns from 0 to ${turns.length}, got ${at}`))
        }
        return opened(interactions, { options: always, request, tools, id }, turns.slice(0, at))
      })
  }
}

/** Opens a chat that begins with some turns, if nothing was kept under its id. */
const opened = <R>(
  interactions: InteractionsService,
  options: ChatOptions<R>,
  first: ReadonlyArray<ChatTurn>
): Effect.Effect<InteractionChat<R>, GeminiError | JournalError, Scope.Scope> =>
  Effect.gen(function*() {
    const id = yield* idOf(options.id)
    const log = yield* ChatLog.open(id)
    if (log.turns.length > 0 && first.length > 0) {
      return yield* invalid(method, "id", "a chat of this id exists: a fork begins one of its own")
    }
    for (const turn of first) yield* log.append(turn)
    const one = yield* Semaphore.make(1)
    return chat(interactions, options, id, log, log.turns.length > 0 ? log.turns : first, one)
  })

export const open = <R>(
  options: ChatOptions<R>
): Effect.Effect<InteractionChat<R>, GeminiError | JournalError, Interactions | Scope.Scope> =>
  Effect.flatMap(Interactions, (interactions) => opened(interactions, options, []))
