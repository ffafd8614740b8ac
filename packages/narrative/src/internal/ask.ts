/** One call of an act's model, whole or as a stream, and what it tells while it waits. */
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as Cost from "effect-gemini/Cost"
import type * as GeminiClient from "effect-gemini/GeminiClient"
import type { Attempt, GeminiError } from "effect-gemini/GeminiError"
import type { Content } from "effect-gemini/wire/Content"
import type { Usage } from "effect-gemini/wire/Usage"
import * as BigDecimal from "effect/BigDecimal"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ActTools } from "../ActTools.ts"
import type { NarrativeEvent } from "../NarrativeEvent.ts"
import { withFunctions } from "./callFunctions.ts"

export type Emit = (event: NarrativeEvent) => Effect.Effect<void>

/** What a call answered. */
export interface Heard {
  readonly model: string
  readonly text: string
  readonly finishReason?: string
  readonly usage?: Usage
  readonly attempts?: ReadonlyArray<Attempt>
  /** Dollars as a decimal text. */
  readonly cost?: string
}

export type Request = GeminiClient.Request & { readonly contents: ReadonlyArray<Content> }

/** What an act's call has beside its request. */
export interface Way {
  readonly isLive: boolean
  /** The functions that the model may call; none, if undefined. */
  readonly tools: ActTools | undefined
}

/** One call, from an act's request to its answer. */
export type AskModel = (act: string, request: Request, emit: Emit, way: Way) => Effect.Effect<Heard, GeminiError>

/** Makes events of the act of what the call tells of its waits. */
const observing = (act: string, emit: Emit, { isLive }: Way): CallOptions => ({
  ...(isLive ? { transport: "live" } : {}),
  observe: (event) => {
    switch (event._tag) {
      case "Waiting":
        return emit({ ...event, act })
      case "Retrying":
        return emit({ ...event, act, delay: Duration.toMillis(event.delay) })
      // This is not an event: the act's attempts tell which member took it.
      case "Chosen":
        return Effect.void
    }
  }
})

const costOf = (model: string, response: Cost.Charged): { readonly cost?: string } => {
  const { total } = Cost.of(model, response)
  return total === undefined ? {} : { cost: BigDecimal.format(total) }
}

const called = (client: GeminiClient.Service): AskModel => (act, request, emit, way) =>
  Effect.map(
    client.generate(request, observing(act, emit, way)),
    ({ attempts, finishReason, model, response, text, usage }) => ({
      model,
      text,
      attempts,
      ...(finishReason === undefined ? {} : { finishReason }),
      ...(usage === undefined ? {} : { usage }),
      ...costOf(model, response)
    })
  )

export const whole = (client: GeminiClient.Service): AskModel => (act, request, emit, way) =>
  way.tools === undefined
    ? called(client)(act, request, emit, way)
    : withFunctions(client, request, observing(act, emit, way), way.tools)

/** What calls functions is asked whole: its text is told at once. */
export const streamed = (client: GeminiClient.Service): AskModel => (act, request, emit, way) =>
  way.tools !== undefined
    ? Effect.tap(
      whole(client)(act, request, emit, way),
      ({ text, usage }) => emit({ _tag: "Chunk", act, text, usage })
    )
    : Effect.suspend(() => {
      let text = ""
      let model = request.model ?? ""
      let rest = {}
      return client.generateStream(request, observing(act, emit, way)).pipe(
        Stream.runForEach((chunk) => {
          text += chunk.text
          model = chunk.response.modelVersion ?? model
          const { finishReason, usage } = chunk
          if (chunk.finished) {
            rest = {
              ...(finishReason === undefined ? {} : { finishReason }),
              ...(usage === undefined ? {} : { usage }),
              ...costOf(model, chunk.response)
            }
          }
          return chunk.text === "" ? Effect.void : emit({ _tag: "Chunk", act, text: chunk.text, usage })
        }),
        Effect.map(() => ({ model, text, ...rest }))
      )
    })
