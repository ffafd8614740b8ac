/**
 * Events to one interaction: the same that a call without a stream answers.
 *
 * Steps of several hops follow each other, and what the hops used is added up, as `Interactions.create` has it.
 *
 * ```ts
 * import * as Interaction from "effect-gemini/interactions/Interaction"
 * import * as InteractionFold from "effect-gemini/interactions/InteractionFold"
 *
 * const interaction = InteractionFold.join([
 *   { event_type: "interaction.created", interaction: { id: "v1_abc", status: "in_progress" } },
 *   { event_type: "step.start", index: 0, step: { type: "model_output" } },
 *   { event_type: "step.delta", index: 0, delta: { type: "text", text: "Hello, " } },
 *   { event_type: "step.delta", index: 0, delta: { type: "text", text: "Bern" } },
 *   { event_type: "step.stop", index: 0 },
 *   { event_type: "interaction.completed", interaction: { id: "v1_abc", status: "completed" } }
 * ])
 * console.log(interaction.status, Interaction.text(interaction)) // completed Hello, Bern
 * ```
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import { StepFold } from "../internal/interactions/StepFold.ts"
import * as UsageSum from "../internal/interactions/usageSum.ts"
import * as Guard from "../internal/wire/guard.ts"
import * as Usage from "../wire/Usage.ts"
import type { Interaction } from "./Interaction.ts"
import * as InteractionEvent from "./InteractionEvent.ts"
import { Step } from "./Step.ts"
import type { EventInteraction } from "./types/EventTypes.ts"
import type { InteractionUsage } from "./types/InteractionTypes.ts"

const guard = /* @__PURE__ */ Guard.make(Step)

/**
 * Takes one event after the other, and has the interaction that they make so far.
 *
 * @category folding
 * @since 0.2.0
 */
export class InteractionFold {
  readonly #steps: Array<StepFold | Step> = []
  /** Where the steps of the current hop begin. */
  #base = 0
  /** The places of the current hop's steps by their index, in the order in which they came. */
  readonly #places = new Map<number, number>()
  #known: EventInteraction = {}
  readonly #ids: Array<string> = []
  #before: InteractionUsage | undefined
  #usage: InteractionUsage | undefined

  /** Takes an event, and gives back itself. */
  add(event: InteractionEvent.InteractionEvent): this {
    switch (event.event_type) {
      case "step.delta":
        if (event.delta != null) this.#stepAt(event.index, event.delta).add(event.delta)
        break
      case "step.start":
        if (event.step != null) this.#steps[this.#place(event.index)] = new StepFold(event.step)
        break
      case "interaction.created":
        this.#hear(event.interaction)
        break
      case "interaction.completed":
        this.#hear(event.interaction)
        this.#complete(event.interaction?.steps)
        break
      default: {
        const id = InteractionEvent.interactionId(event)
        const status = InteractionEvent.status(event)
        const token = InteractionEvent.continuationToken(event)
        this.#hear({
          ...(id === undefined ? {} : { id }),
          ...(status === undefined ? {} : { status }),
          ...(token === undefined ? {} : { continuation_token: token })
        })
      }
    }
    this.#usage = InteractionEvent.usage(event) ?? this.#usage
    return this
  }

  /** The interaction so far. */
  get interaction(): Interaction {
    const usage = UsageSum.added(this.#before, this.#usage)
    return {
      ...this.#known,
      steps: this.#steps.map(stepOf).filter((step) => step !== undefined),
      ...(usage === undefined ? {} : { usage }),
      ...(this.#ids.length > 1 ? { continuation_ids: [...this.#ids] } : {})
    }
  }

  #hear(interaction: EventInteraction | null | undefined): void {
    if (interaction == null) return
    const { steps: _, usage: __, ...known } = interaction
    if (known.id && known.id !== this.#known.id) {
      if (this.#known.id) {
        // Another interaction goes on: the next hop.
        this.#base = this.#steps.length
        this.#places.clear()
        this.#before = UsageSum.added(this.#before, this.#usage)
        this.#usage = undefined
        this.#known = {}
      }
      this.#ids.push(known.id)
    }
    this.#known = { ...this.#known, ...known }
  }

  /** The steps that the last event brings are those of its hop. */
  #complete(steps: ReadonlyArray<Step> | null | undefined): void {
    if (steps == null || steps.length === 0) return
    this.#steps.splice(this.#base, Infinity, ...steps)
  }

  #place(index: number | string | null | undefined): number {
    const number = Usage.count(index)
    const known = this.#places.get(number)
    if (known !== undefined) return known
    this.#places.set(number, this.#steps.length)
    return this.#steps.length
  }

  #stepAt(index: number | string | null | undefined, delta: Parameters<StepFold["add"]>[0]): StepFold {
    const place = this.#place(index)
    const known = this.#steps[place]
    if (known instanceof StepFold) return known
    const step = new StepFold(known ?? { type: StepFold.typeOf(delta) })
    this.#steps[place] = step
    return step
  }
}

const stepOf = (step: StepFold | Step): Step | undefined => {
  if (!(step instanceof StepFold)) return step
  const guarded = guard(step.step)
  return Result.isSuccess(guarded) ? guarded.success : undefined
}

/**
 * The interaction that the events make.
 *
 * @category folding
 * @since 0.2.0
 */
export const join = (events: Iterable<InteractionEvent.InteractionEvent>): Interaction => {
  const fold = new InteractionFold()
  for (const event of events) fold.add(event)
  return fold.interaction
}
