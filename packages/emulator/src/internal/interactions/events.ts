/**
 * The events that bring an interaction: each step as a start, deltas and a stop. Joined again they give the very steps.
 */
import * as Json from "../json.ts"

type Events = ReadonlyArray<Json.Json>

/** How a change of status is told: as the SDK's typings have it, or by the names of Google's guides. */
export type StatusSpelling = "status_update" | "named"

// A text of blanks alone is one piece: cutting it would search the rest of it from each of its characters.
const pieces = (text: string): ReadonlyArray<string> =>
  text.trim() === "" ? [text] : text.match(/\s*\S+(?:\s+\S+){0,5}\s*/g) ?? [text]

/** The JSON text of arguments in pieces, each a prefix of what remains, without cutting a character in two. */
const cut = (text: string, size: number): ReadonlyArray<string> => {
  const out: Array<string> = []
  let piece = ""
  for (const character of text) {
    piece += character
    if (piece.length >= size) {
      out.push(piece)
      piece = ""
    }
  }
  return piece === "" ? out : [...out, piece]
}

const drop = (value: Json.Json): Json.Json =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined))

const ofContent = (content: unknown, textPieces: (text: string) => ReadonlyArray<string>): Events => {
  const text = Json.text(Json.at(content, "text"))
  if (text === undefined) return Json.isObject(content) ? [content] : []
  const annotations = Json.list(Json.at(content, "annotations"))
  return [
    ...textPieces(text).map((piece) => ({ text: piece, type: "text" })),
    ...(annotations.length === 0 ? [] : [{ annotations, type: "text_annotation_delta" }])
  ]
}

/** What a start says of a step: the rest comes by deltas. */
const skeleton = (step: Json.Json): Json.Json => {
  const { call_id, id, name, server_name, type } = step
  return drop({ type, id, call_id, name, server_name, ...(type === "function_call" ? { arguments: {} } : {}) })
}

const deltasOf = (step: Json.Json, textPieces: (text: string) => ReadonlyArray<string>): Events => {
  const { arguments: args, call_id: _1, content, id: _2, signature, summary, type, ...rest } = step
  switch (type) {
    case "model_output":
    case "user_input":
      return Json.list(content).flatMap((one) => ofContent(one, textPieces))
    case "thought":
      return [
        ...Json.list(summary).map((one) => ({ content: one, type: "thought_summary" })),
        ...(signature === undefined ? [] : [{ signature, type: "thought_signature" }])
      ]
    case "function_call":
      return cut(JSON.stringify(args), 16).map((piece) => ({ arguments: piece, type: "arguments_delta" }))
    default:
      // A delta of a tool has all that the step has beside its ids.
      return [drop({ type, arguments: args, ...rest, signature })]
  }
}

/** The events of one step. */
export const ofStep = (step: Json.Json, index: number, textPieces = pieces): Events => [
  { index, step: skeleton(step), event_type: "step.start" },
  ...deltasOf(step, textPieces).map((delta) => ({ index, delta, event_type: "step.delta" })),
  { index, event_type: "step.stop" }
]

/** A change of status. */
export const ofStatus = (
  id: string,
  status: string,
  spelling: StatusSpelling,
  more: Json.Json = {}
): Json.Json => ({
  interaction_id: id,
  status,
  ...more,
  event_type: spelling === "named" && /^(?:in_progress|requires_action)$/.test(status)
    ? `interaction.${status}`
    : "interaction.status_update"
})

/** The interaction as its first and last events show it. */
export const ofInteraction = (
  kind: "interaction.created" | "interaction.completed",
  interaction: Json.Json
): Json.Json => ({ interaction, event_type: kind })
