/**
 * Makes an interaction of what was said: the script's answer or the generator's.
 */
import * as Answer from "../../Answer.ts"
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as ModelTable from "../../ModelTable.ts"
import type * as Reply from "../../Reply.ts"
import * as Directives from "../answers/directives.ts"
import * as Hops from "../answers/hops.ts"
import * as Pace from "../answers/pace.ts"
import type * as Respond from "../answers/respond.ts"
import * as Scripted from "../answers/scripted.ts"
import * as Tokens from "../answers/tokens.ts"
import * as Utterance from "../answers/Utterance.ts"
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import type * as InteractionRecord from "./InteractionRecord.ts"
import type * as Interactions from "./interactions.ts"
import * as SpokenSteps from "./spokenSteps.ts"

/** What the model or the agent says, and how it ends. */
export interface SpokenInteraction {
  readonly steps: ReadonlyArray<Json.Json>
  readonly outcome: InteractionRecord.InteractionEnd
  /** The pieces of the text, where the script has cut it. */
  readonly pieces?: ReadonlyArray<string> | undefined
}

export type Said =
  | SpokenInteraction
  | { readonly misfit: string }
  | { readonly refusal: GoogleError.Refusal }

export interface Speaking {
  readonly request: EmulatorRequest
  /** The generation that the request stands for. */
  readonly body: Json.Json
  readonly answer: Answer.AnswerFields
  readonly settings: Respond.Settings
  readonly token: string | undefined
  readonly now: number
}

/** The names of `usageMetadata` in an interaction's usage. */
const given = (usage: Reply.Usage | undefined): Json.Json => {
  if (usage === undefined) return {}
  const names = {
    total_input_tokens: usage.promptTokenCount,
    total_cached_tokens: usage.cachedContentTokenCount,
    total_output_tokens: usage.candidatesTokenCount,
    total_tool_use_tokens: usage.toolUsePromptTokenCount,
    total_thought_tokens: usage.thoughtsTokenCount
  }
  return Object.fromEntries(Object.entries(names).filter(([, count]) => count !== undefined))
}

/** Counts as an interaction has them. */
export const usageOf = (
  { answer, body, settings }: Pick<Speaking, "answer" | "body" | "settings">,
  output: number,
  thoughts: number,
  searches: number
): Json.Json => {
  const counts = Tokens.ofRequest(body)
  const all: Json.Json = {
    total_input_tokens: Tokens.total(counts),
    input_tokens_by_modality: Tokens.details(counts).map(({ modality, tokenCount }) => ({
      modality: modality.toLowerCase(),
      tokens: tokenCount
    })),
    total_cached_tokens: settings.cached === undefined ? 0 : Tokens.total(settings.cached),
    total_output_tokens: output,
    total_tool_use_tokens: 0,
    total_thought_tokens: thoughts,
    ...(searches === 0 ? {} : { grounding_tool_count: [{ type: "google_search", count: searches }] }),
    ...given(answer.usage)
  }
  const sum = ["total_input_tokens", "total_output_tokens", "total_thought_tokens", "total_tool_use_tokens"]
    .reduce((sum, name) => sum + (Json.number(all[name]) ?? 0), 0)
  return { total_tokens: answer.usage?.totalTokenCount ?? sum, ...all }
}

/** The finish reasons that Google's page of errors has as a code of their own; the others are blocks for other reasons. */
const codes = new Set([
  "safety",
  "recitation",
  "language",
  "prohibited_content",
  "spii",
  "blocklist",
  "image_safety",
  "image_prohibited_content",
  "image_recitation",
  "image_other",
  "malformed_function_call",
  "unexpected_tool_call",
  "no_image",
  "too_many_tool_calls",
  "missing_thought_signature"
])

const failure = (reason: string): ReadonlyArray<Json.Json> => {
  const code = reason.toLowerCase()
  return [{
    code: codes.has(code) ? code : "content_blocked",
    message: `The model's output was stopped: ${reason}.`
  }]
}

const statusOf = (turn: Utterance.Utterance, steps: ReadonlyArray<Json.Json>): string => {
  switch (turn.finishReason) {
    case "STOP":
      return steps.some((step) => step["type"] === "function_call") ? "requires_action" : "completed"
    case "MAX_TOKENS":
      return "incomplete"
    case "CONTINUATION":
      return "requires_continuation"
    default:
      return "failed"
  }
}

/** One turn of the model as steps, and how it ends. */
export const ofTurn = (turn: Utterance.Utterance, speaking: Speaking): SpokenInteraction => {
  const { body, request, settings } = speaking
  const dice = Dice.make(`${settings.seed}\nsteps\n${request.model}\n${speaking.token}\n${Json.canonical(body)}`)
  const steps = SpokenSteps.make(turn, dice)
  const status = statusOf(turn, steps)
  const output = turn.parts.reduce((sum, part) => part["thought"] === true ? sum : sum + Utterance.cost(part), 0)
  const searches = steps.filter((step) => step["type"] === "google_search_call").length
  return {
    steps,
    outcome: {
      status,
      usage: usageOf(speaking, output, turn.thoughtTokens, searches),
      errors: status === "failed" ? failure(turn.finishReason) : undefined,
      continuationToken: Json.text(turn.extra["continuationToken"])
    }
  }
}

/** What the model says. A whole answer of the script's (`response`, `raw`, `error`) never comes here. */
export const speak = (speaking: Speaking): Said => {
  const { answer, body, now, request, settings, token } = speaking
  const model = request.model ?? ""
  const row = ModelTable.get(settings.models, `models/${model}`, now)
  const { calling, retrieved, seed, values } = settings
  const asking: Utterance.Request = { model, row, body, seed, calling, values, retrieved }
  if (answer.chunks !== undefined) {
    const pieces = Array.from(answer.chunks, String)
    return { ...ofTurn(Utterance.saying(pieces.join("")), speaking), pieces }
  }
  if (Scripted.speaks(answer)) {
    const composed = Scripted.compose(answer, asking)
    return "misfit" in composed ? composed : ofTurn(composed.turn, speaking)
  }
  const { error } = Directives.find(Utterance.promptOf(body))
  if (error !== undefined) return { refusal: GoogleError.make(error, `HTTP status ${error}`) }
  const turns = Hops.of(asking, token)
  if (turns === undefined) {
    return { refusal: GoogleError.invalidArgument("'continuation_token' is not one of this interaction.") }
  }
  if ("blockReason" in turns) {
    const usage = usageOf(speaking, 0, 0, 0)
    return { steps: [], outcome: { status: "failed", usage, errors: failure(turns.blockReason) } }
  }
  const [turn] = turns
  return ofTurn(turn ?? Utterance.saying(""), speaking)
}

/** What an answer says of its time, in milliseconds. */
export interface Timing {
  /** Before anything is said. */
  readonly first: number
  /** What an event of a stream takes. */
  readonly of: (event: Json.Json) => number
  /** What it takes to say it, which a whole answer waits for, too. */
  readonly said: (event: Json.Json) => number
}

export const timing = (answer: Answer.AnswerFields, chunkDelay: number, usual?: number): Timing => {
  const pace = Pace.of(answer, usual)
  const each = answer.chunkDelay ?? chunkDelay
  const said = (event: Json.Json) => {
    const text = Json.text(Json.at(event, "delta", "text")) ?? Json.text(Json.at(event, "delta", "arguments"))
    return pace === undefined || text === undefined ? 0 : pace.of([{ text }])
  }
  return {
    first: (answer.delay ?? 0) + (pace?.first ?? 0),
    of: (event) => pace !== undefined ? said(event) : event["delta"] === undefined ? 0 : each,
    said
  }
}

const echoed = [
  "previous_interaction_id",
  "system_instruction",
  "tools",
  "response_format",
  "response_mime_type",
  "response_modalities",
  "safety_settings",
  "generation_config",
  "agent_config",
  "cached_content",
  "environment",
  "labels",
  "webhook_config"
]

/** The fields of a request that an interaction shows again. Headers of MCP servers are secrets. */
export const echoOf = (body: Json.Json): Json.Json =>
  Object.fromEntries(
    echoed.flatMap((name) => {
      const value = body[name]
      if (value === undefined || value === null) return []
      if (name !== "tools") return [[name, value]]
      return [[
        name,
        Json.list(value).map((tool) => {
          const { headers: _, ...rest } = Object(tool)
          return rest
        })
      ]]
    })
  )

/** What is kept, but for its id. */
export const record = (of: {
  readonly spoken: SpokenInteraction
  readonly request: EmulatorRequest
  readonly asked: Json.Json
  readonly body: Json.Json
  readonly before: InteractionRecord.Timeline | undefined
  readonly input: ReadonlyArray<Json.Json>
  readonly planTurns: number
  readonly fate: InteractionRecord.InteractionFate | undefined
  readonly running: number
  readonly now: number
}): Interactions.Made => {
  const { asked, before, body, fate, input, now, planTurns, request, running, spoken } = of
  const isBackground = asked["background"] === true
  const kept = spoken.outcome.continuationToken === undefined ? undefined : body
  const echo = {
    ...echoOf(asked),
    // A sandbox that nobody has made.
    ...(asked["environment"] === undefined ? {} : {
      environment_id: Json.text(Json.at(asked["environment"], "environment_id")) ??
        `env_${Dice.make(Json.canonical(asked)).letters(16)}`
    })
  }
  return {
    project: request.project,
    model: asked["agent"] === undefined ? request.model : undefined,
    agent: Json.text(asked["agent"]),
    tier: Json.text(asked["service_tier"]) ?? "standard",
    isStored: asked["store"] !== false,
    isBackground,
    created: now,
    running: isBackground ? running : 0,
    echo,
    before,
    input,
    body: kept,
    steps: spoken.steps,
    pieces: spoken.pieces,
    outcome: spoken.outcome,
    planTurns,
    fate,
    webhook: asked["webhook_config"],
    size: 2 *
      (JSON.stringify([input, spoken.steps, echo]).length + (kept === undefined ? 0 : Json.canonical(kept).length))
  }
}
