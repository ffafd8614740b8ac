/**
 * An interaction that is asked for as a whole, again and again or when a webhook tells of it, as the events of a stream:
 * the status as it changes, and in the end its steps.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { GeminiError } from "../../GeminiError.ts"
import * as Interaction from "../../interactions/Interaction.ts"
import * as InteractionEvent from "../../interactions/InteractionEvent.ts"
import type { Delivery, Followed } from "../../interactions/Interactions.ts"
import * as Failures from "../call/failures.ts"
import type { Trail } from "./Trail.ts"

type Event = InteractionEvent.InteractionEvent

export interface Polling {
  readonly trail: Trail
  readonly get: Effect.Effect<Interaction.Interaction, GeminiError>
  readonly interval: Duration.Input
  readonly deliveries: Stream.Stream<Delivery> | undefined
  /** The most failures without an answer between them. */
  readonly failures: number
}

/** The events that end an interaction which is over: its steps, each in one piece, and the interaction itself. */
export const endOf = (interaction: Interaction.Interaction): ReadonlyArray<Event> => [
  ...Interaction.steps(interaction).flatMap((step, index): ReadonlyArray<Event> => [
    { event_type: "step.start", index, step },
    { event_type: "step.stop", index }
  ]),
  { event_type: "interaction.completed", interaction: ofEvent(interaction) }
]

/** The interaction as events hold it. */
export const ofEvent = (interaction: Interaction.Interaction) => {
  const { agent, model, ...rest } = interaction
  return {
    ...rest,
    ...(agent === undefined ? {} : { agent }),
    ...(model === undefined ? {} : { model: model === null ? null : String(model) })
  }
}

/** Opens the latch at each delivery about the interaction. */
const heard = (deliveries: Stream.Stream<Delivery>, trail: Trail, latch: Latch.Latch) =>
  Stream.runForEach(
    deliveries,
    ({ data }) => `interactions/${data.id ?? ""}` === trail.name ? latch.open : Effect.void
  )

export const make = (
  { deliveries, failures: most, get, interval, trail }: Polling,
  first: Interaction.Interaction | undefined
): Stream.Stream<Followed, GeminiError> =>
  Stream.unwrap(Effect.gen(function*() {
    trail.isPolled = true
    const latch = yield* Latch.make(false)
    if (deliveries !== undefined) yield* Effect.forkScoped(heard(deliveries, trail, latch))
    let failures = 0
    let status = trail.status

    const followed = (event: Event): Followed => ({ event, handle: trail.handle })

    /** The events that an answer adds to those that have been handed out. */
    const events = (interaction: Interaction.Interaction): Array<Followed> => {
      if (InteractionEvent.isOver(interaction.status)) {
        const rest = endOf(interaction).slice(trail.since).map((event) => {
          trail.note(event)
          return followed(event)
        })
        // A handle of the last event has nothing behind it.
        trail.isOver = true
        return rest
      }
      const before = status
      status = trail.status = interaction.status ?? status
      return before === undefined || before === status || status === undefined
        ? []
        : [followed({ event_type: "interaction.status_update", interaction_id: interaction.id ?? "", status })]
    }

    /** The event of a create, which another process does not hand out again. */
    const created = (interaction: Interaction.Interaction): Followed => {
      const { steps: _, ...head } = ofEvent(interaction)
      const event: Event = { event_type: "interaction.created", interaction: head }
      trail.note(event)
      trail.since = 0
      status = trail.status
      return followed(event)
    }

    const pause = deliveries === undefined
      ? Effect.sleep(interval)
      : Effect.andThen(Effect.raceFirst(Effect.sleep(interval), latch.await), latch.close)

    const asked: Effect.Effect<Interaction.Interaction, GeminiError> = Effect.suspend(() =>
      Effect.matchEffect(get, {
        onSuccess: (interaction) => {
          failures = 0
          return Effect.succeed(interaction)
        },
        onFailure: (error) => {
          if (!Failures.isOutage(error) || failures >= most) return Effect.fail(error)
          failures++
          return Effect.andThen(pause, asked)
        }
      })
    )

    return Stream.paginate(
      { known: first, waits: false },
      ({ known, waits }: { readonly known: Interaction.Interaction | undefined; readonly waits: boolean }) =>
        Effect.map(
          Effect.andThen(
            waits ? Effect.asVoid(pause) : Effect.void,
            known === undefined ? asked : Effect.succeed(known)
          ),
          (interaction) => [
            [...(known === undefined ? [] : [created(known)]), ...events(interaction)],
            trail.isOver ? Option.none() : Option.some({ known: undefined, waits: true })
          ]
        )
    )
  }))
