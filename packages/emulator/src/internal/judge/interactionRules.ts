/**
 * What a body of `interactions.create` may say beyond its fields: which of them exclude each other, and what an agent
 * demands. Rules of Google's pages and of `@google/genai` 3.3.0; where nobody has shown the sentence, it is ours.
 */
import type { Refusal } from "../../GoogleError.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as Agents from "../google/agents.ts"
import * as Json from "../json.ts"
import * as Fields from "./interactionFields.ts"

/** The largest number of labels, and how long their keys and values may be. */
const mostLabels = 64
const longestLabel = 63

/** The status of a model or an agent that is not there; the answer has it as `model_not_found`. */
export const modelNotFound = "MODEL_NOT_FOUND"

const invalid = (message: string): Refusal => GoogleError.make(400, message)

const exclusive = (body: Json.Json): string | undefined => {
  const { agent, model } = body
  if (agent !== undefined && model !== undefined) return "Only one of 'model' and 'agent' may be set."
  if (agent === undefined && model === undefined) return "One of 'model' and 'agent' is required."
  if (agent !== undefined && body["generation_config"] !== undefined) {
    return "'generation_config' cannot be set with 'agent': an agent has 'agent_config'."
  }
  if (model !== undefined && body["agent_config"] !== undefined) {
    return "'agent_config' cannot be set with 'model': a model has 'generation_config'."
  }
  if (agent !== undefined && body["cached_content"] !== undefined) return "'cached_content' cannot be set with 'agent'."
  if (body["store"] !== false) return undefined
  if (body["background"] === true) return "'background' requires 'store' to be true."
  return body["previous_interaction_id"] === undefined
    ? undefined
    : "'previous_interaction_id' requires 'store' to be true."
}

const incomplete = (body: Json.Json): string | undefined => {
  if (body["input"] === "") return "'input' must not be empty."
  const isContinued = body["continuation_token"] !== undefined && body["previous_interaction_id"] !== undefined
  if (body["input"] === undefined && !isContinued) return "'input' is required."
  const labels = Object.entries(Object(body["labels"]))
  if (labels.length > mostLabels) return `'labels' may have at most ${mostLabels} entries.`
  return labels.some(([key, value]) => key.length > longestLabel || String(value).length > longestLabel)
    ? `'labels' may have keys and values of at most ${longestLabel} characters.`
    : undefined
}

const ofAgent = (body: Json.Json, now: number, takesAny: boolean): Refusal | undefined => {
  const id = Json.text(body["agent"])
  if (id === undefined) return undefined
  const agent = Agents.find(id, now)
  if (agent === undefined) {
    if (takesAny) return undefined
    return GoogleError.make(404, `Agent '${id}' is not found.`, { status: modelNotFound })
  }
  if (agent.isBackground && body["background"] !== true) {
    return invalid(`The agent '${id}' requires 'background' to be true.`)
  }
  const config = Json.text(Json.at(body["agent_config"], "type"))
  return config === undefined || config === agent.config || config === "dynamic"
    ? undefined
    : invalid(`'agent_config.type' must be '${agent.config}' for the agent '${id}', got '${config}'.`)
}

/** Why a body is refused before its model is looked at; undefined if it is not. */
export const refusal = (given: unknown, now: number, takesAny: boolean): Refusal | undefined => {
  if (!Json.isObject(given)) return invalid("The body must be an object.")
  // A null counts as a field that is not there.
  const body = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null))
  const wrong = exclusive(body)
  if (wrong !== undefined) return invalid(wrong)
  const message = body["agent"] === undefined ? "CreateModelInteraction" : "CreateAgentInteraction"
  const misfit = Fields.refusal(message, body)
  if (misfit !== undefined) return misfit
  const missing = incomplete(body)
  return missing === undefined ? ofAgent(body, now, takesAny) : invalid(missing)
}
