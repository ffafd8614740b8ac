/** What would fit a request for an answer, for a person who is to give one: values that a model would likely give. */
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import * as Instance from "./instance.ts"
import * as LikelyCalls from "./likelyCalls.ts"
import * as Utterance from "./Utterance.ts"

export interface SuggestedCall {
  readonly name: string
  readonly description?: string
  readonly schema?: unknown
  readonly args: Json.Json
}

/** Of a schema that no value is found for there is none, and the person begins with nothing. */
const likely = (body: unknown, schema: unknown, salt: string): unknown => {
  const { prompt, results } = LikelyCalls.turnOf(Json.list(Json.at(body, "contents")))
  try {
    return Instance.likely(schema, Dice.make(`${salt}\n${prompt}`), {
      prompt,
      results: results.map(({ response }) => response).toReversed(),
      said: undefined
    })
  } catch {
    return undefined
  }
}

/** The functions that may be called, with likely arguments. `body` has its names in camelCase. */
export const functions = (body: unknown): ReadonlyArray<SuggestedCall> =>
  Json.at(body, "toolConfig", "functionCallingConfig", "mode") === "NONE"
    ? []
    : Utterance.declarations(body).flatMap((declaration) => {
      const name = Json.text(Json.at(declaration, "name"))
      if (name === undefined) return []
      const description = Json.text(Json.at(declaration, "description"))
      const schema = Utterance.schemaOfCall(declaration)
      const args = schema === undefined ? {} : likely(body, schema, name)
      return [{
        name,
        ...(description === undefined ? {} : { description }),
        ...(schema === undefined ? {} : { schema }),
        args: Json.isObject(args) ? args : {}
      }]
    })

/** A value for the JSON that was asked for; undefined if none was. */
export const json = (body: unknown): { readonly schema?: unknown; readonly value: unknown } | undefined => {
  const schema = Utterance.schemaOf(body)
  const type = Utterance.config(body, "responseMimeType") ??
    Utterance.config(body, "responseFormat", "text", "mimeType")
  if (schema === undefined) return type === "application/json" ? { value: {} } : undefined
  return { schema, value: likely(body, schema, "json") ?? {} }
}
