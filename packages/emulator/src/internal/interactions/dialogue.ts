/**
 * The dialogue that a request goes on with: what came before it, the generation that both make together, and whether that
 * is one which the model takes.
 */
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import type { Refusal } from "../../GoogleError.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as ModelTable from "../../ModelTable.ts"
import * as Render from "../answers/render.ts"
import * as Step from "../answers/step.ts"
import * as Tokens from "../answers/tokens.ts"
import * as Json from "../json.ts"
import * as Judge from "../judge/judge.ts"
import * as AsGeneration from "./asGeneration.ts"
import * as Events from "./events.ts"
import * as InteractionRecord from "./InteractionRecord.ts"
import * as Interactions from "./interactions.ts"

export interface Read {
  readonly previous: InteractionRecord.InteractionRecord | undefined
  readonly before: InteractionRecord.Timeline | undefined
  readonly input: ReadonlyArray<Json.Json>
  /** The generation that the request stands for. */
  readonly body: Json.Json
}

/** The models that answer by `outputs` in place of `steps`: those of which `@google/genai` 3.3.0 knows it. */
export const oldEnvelope: ReadonlySet<string> = new Set(["lyria-3-clip-preview", "lyria-3-pro-preview"])

/** The status of a call that came back without its signature; the answer has it as `missing_thought_signature`. */
const unsigned = "MISSING_THOUGHT_SIGNATURE"

/** What an agent may use where the request says nothing. */
const ofAgent = [{ type: "google_search" }, { type: "url_context" }, { type: "code_execution" }]

/**
 * The generation as the judge looks at it. Levels of thinking are taken by models that have none (recorded 2026 of
 * `gemini-2.5-flash-lite`), server-side tools need no word beside functions, and a choice of tools may be `auto`.
 */
const judgedForm = (body: Json.Json, row: ModelTable.Row): Json.Json => {
  const { generationConfig, toolConfig } = body
  const { thinkingConfig: _, ...config } = Object(generationConfig)
  const calling = Object(Json.at(toolConfig, "functionCallingConfig"))
  const isChosen = Json.list(calling.allowedFunctionNames).length > 0 && calling.mode === "AUTO"
  return {
    ...body,
    generationConfig: row.levels === undefined ? config : generationConfig,
    toolConfig: {
      ...Object(toolConfig),
      ...(isChosen ? { functionCallingConfig: { ...calling, mode: "VALIDATED" } } : {}),
      includeServerSideToolInvocations: true
    }
  }
}

/** What a request is judged by. */
export interface DialogueRules {
  /** False lets every request in. Default true. */
  readonly isJudged?: boolean | undefined
  readonly models: ModelTable.ModelTable
  /** Whether a thought signature was given out here. Absent: any is taken. */
  readonly isIssued?: ((signature: string) => boolean) | undefined
}

/** The whole dialogue counts, also that which the server has kept. */
const tooLong = (body: Json.Json, { model }: ModelTable.Row): string | undefined => {
  const count = Tokens.total(Tokens.ofRequest(body))
  return count > model.inputTokenLimit ? Judge.tooManyTokens(count, model.inputTokenLimit) : undefined
}

/** Reads the request together with what came before it. */
export const read = (
  kept: Interactions.Interactions,
  { model, project }: EmulatorRequest,
  asked: Json.Json,
  { isIssued, isJudged = true, models }: DialogueRules,
  now: number
): Read | { readonly refusal: Refusal } => {
  const id = Json.text(asked["previous_interaction_id"])
  const previous = id === undefined ? undefined : kept.find(project, id, now)
  if (id !== undefined && previous === undefined) return { refusal: Interactions.missing(id) }
  if (previous !== undefined && InteractionRecord.stateOf(previous, now).endedAt === undefined) {
    const refusal = GoogleError.make(400, `Interaction '${id}' is still in progress.`, {
      status: "FAILED_PRECONDITION"
    })
    return { refusal }
  }
  const input = AsGeneration.stepsOf(asked["input"])
  const before = previous === undefined ? undefined : InteractionRecord.timelineOf(previous, now)
  // The next hop of an answer has the request of the first one.
  if (previous?.body !== undefined && asked["continuation_token"] !== undefined && input.length === 0) {
    return { previous, before, input, body: previous.body }
  }
  const tools = asked["agent"] === undefined || asked["tools"] !== undefined ? {} : { tools: ofAgent }
  const body = AsGeneration.make({ ...asked, ...tools }, InteractionRecord.flat(before))
  const row = ModelTable.get(models, `models/${model}`, now)
  const wrong = row === undefined || !isJudged
    ? undefined
    : Judge.meaningOf(judgedForm(body, row), row, isIssued) ?? tooLong(body, row)
  if (wrong === undefined) return { previous, before, input, body }
  const status = wrong.includes("missing a thought_signature") ? { status: unsigned } : {}
  return { refusal: GoogleError.make(400, wrong, status) }
}

const written = (event: Json.Json): Step.Step =>
  Step.bytes(Render.event(Json.text(event["event_type"]) ?? "message", JSON.stringify(event)))

const done = Step.bytes(Render.event("done", "[DONE]"))

/** A whole interaction that a script has given, as events. */
export const eventsOfResponse = (response: Json.Json): Step.Steps => {
  const { steps, ...head } = response
  return [
    Render.eventsHead,
    written(Events.ofInteraction("interaction.created", { ...head, status: "in_progress" })),
    ...Json.list(steps).filter(Json.isObject).flatMap((step, i) => Events.ofStep(step, i)).map(written),
    written(Events.ofInteraction("interaction.completed", head)),
    done
  ]
}

/** Events that a script has given, as they are; a text is a delta of the first step. */
export const eventsAsGiven = (chunks: ReadonlyArray<unknown>): Step.Steps => [
  Render.eventsHead,
  ...chunks.map((chunk) =>
    written(
      Json.isObject(chunk)
        ? chunk
        : { index: 0, delta: { text: String(chunk), type: "text" }, event_type: "step.delta" }
    )
  ),
  done
]
