/** An interaction as a server streams it, its steps in random pieces, and the events that come of bytes. */
import type { GeminiError } from "effect-gemini/GeminiError"
import type { Interaction } from "effect-gemini/interactions/Interaction"
import type { InteractionEvent } from "effect-gemini/interactions/InteractionEvent"
import type { Step } from "effect-gemini/interactions/Step"
import * as Arr from "effect/Array"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as EventStream from "../../src/internal/interactions/eventStream.ts"

/** Numbers from 0 to 1 that follow from a seed. */
export type Dice = () => number

export const dice = (seed: number): Dice => {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** A text in pieces, none of which splits a character. */
const cut = (text: string, roll: Dice): ReadonlyArray<string> => {
  const letters = Array.from(text)
  const out: Array<string> = []
  for (let at = 0; at < letters.length;) {
    const size = 1 + Math.floor(roll() * Math.max(1, letters.length / 4))
    out.push(letters.slice(at, at + size).join(""))
    at += size
  }
  return out.length === 0 ? [""] : out
}

const pick = (step: object, ...fields: ReadonlyArray<string>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(step).filter(([name]) => fields.includes(name)))

const contentsOf = (step: object, field: string): ReadonlyArray<Record<string, unknown>> => {
  const list: unknown = Reflect.get(step, field)
  return Array.isArray(list) ? list : []
}

/** The start of a step, and the pieces that make it whole. */
const piecesOf = (step: Step, roll: Dice): readonly [start: unknown, deltas: ReadonlyArray<unknown>] => {
  switch (step.type) {
    case "model_output":
      return [
        { ...step, content: undefined },
        contentsOf(step, "content").flatMap((content) => {
          if (content["type"] === "audio" && typeof content["data"] === "string") {
            return cut(content["data"], roll).map((data) => ({ ...content, data }))
          }
          if (content["type"] !== "text") return [content]
          const { annotations, text, ...rest } = content
          const texts = cut(String(text), roll).map((text) => ({ ...rest, text }))
          return annotations === undefined ? texts : [...texts, { type: "text_annotation_delta", annotations }]
        })
      ]
    case "thought":
      return [
        { type: "thought" },
        [
          ...contentsOf(step, "summary").flatMap((content) =>
            content["type"] === "text"
              ? cut(String(content["text"]), roll).map((text) => ({
                type: "thought_summary",
                content: { ...content, text }
              }))
              : [{ type: "thought_summary", content }]
          ),
          ...("signature" in step ? [{ type: "thought_signature", signature: step.signature }] : [])
        ]
      ]
    case "function_call":
      return [
        { ...step, arguments: {} },
        cut(JSON.stringify("arguments" in step ? step.arguments : {}), roll).map((piece) => ({
          type: "arguments_delta",
          arguments: piece
        }))
      ]
    case "user_input":
    case "function_result":
      return [step, []]
    default:
      return step.type.endsWith("_call") || step.type.endsWith("_result")
        ? [pick(step, "type", "id", "call_id", "name"), [{ ...step, id: undefined, call_id: undefined }]]
        : [step, []]
  }
}

/** The frames of a stream that brings the interaction. */
export const framesOf = (interaction: Interaction, roll: Dice): string => {
  const { steps, ...whole } = interaction
  const { id, model, object } = whole
  const events: ReadonlyArray<Readonly<Record<string, unknown>>> = [
    { event_type: "interaction.created", interaction: { id, object, model, status: "in_progress" } },
    { event_type: "interaction.status_update", interaction_id: id, status: "in_progress" },
    ...(steps ?? []).flatMap((step, index) => {
      const [start, deltas] = piecesOf(step, roll)
      return [
        { event_type: "step.start", index, step: start },
        ...deltas.map((delta) => ({ event_type: "step.delta", index, delta })),
        { event_type: "step.stop", index }
      ]
    }),
    { event_type: "interaction.completed", interaction: whole }
  ]
  const frames = events.map((event) => `event: ${String(event["event_type"])}\ndata: ${JSON.stringify(event)}\n\n`)
  return `${frames.join("")}event: done\ndata: [DONE]\n\n`
}

const encoder = new TextEncoder()

/** The events of a body that comes in random pieces, and the failure after them. */
export const eventsOf = Effect.fnUntraced(function*(body: string, roll: Dice, limit = 1 << 24) {
  const bytes = encoder.encode(body)
  const pieces: Array<Uint8Array> = []
  for (let at = 0; at < bytes.length;) {
    const size = 1 + Math.floor(roll() * 60)
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  const events: Array<InteractionEvent> = []
  const source = Stream.fromArray(Arr.isArrayNonEmpty(pieces) ? pieces : [new Uint8Array()]).pipe(Stream.rechunk(3))
  const error: GeminiError | undefined = yield* Stream.fromPull(
    Effect.map(
      Channel.toPull(Stream.toChannel(source)),
      (pull) => EventStream.decodePull({ method: "interactions.stream" }, pull, limit)
    )
  ).pipe(
    Stream.runForEach((event) => Effect.sync(() => events.push(event))),
    Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
  )
  return { events, error }
})
