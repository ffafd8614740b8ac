/**
 * Would the real server take this message of a Live client? The fields come first, as for REST, and then their meaning.
 * Where no documentation and no report shows the sentence, the general one is given.
 */
import type { Refusal } from "../../GoogleError.ts"
import * as GoogleError from "../../GoogleError.ts"
import type * as ModelTable from "../../ModelTable.ts"
import * as Json from "../json.ts"
import * as Fields from "../judge/fields.ts"
import type * as JsonText from "../judge/jsonText.ts"

export type JudgedMessage = { readonly refusal: Refusal } | {
  readonly refusal?: undefined
  readonly message: Json.Json
}

/** Reads a message into lowerCamelCase, or says what is wrong with its JSON or its fields. */
export const read = (
  parsed: JsonText.Parsed,
  version: string,
  judge: boolean,
  api: Fields.Api = "gemini"
): JudgedMessage => {
  if (!parsed.ok) return { refusal: GoogleError.badRequest([{ description: parsed.message }]) }
  if (!judge) return { message: Object(Json.normalized(parsed.value)) }
  const { value, violations } = Fields.read("BidiGenerateContentClientMessage", parsed.value, version, api)
  return violations.length > 0 ? { refusal: GoogleError.badRequest(violations) } : { message: value }
}

/** The code of a close frame for what the REST API would answer. The codes were seen in reports of 2025 and 2026. */
export const closeCode = ({ status }: Pick<Refusal, "status">): number =>
  status === 400 ? 1007 : status === 401 || status === 403 || status === 404 ? 1008 : 1011

/** Settings of generateContent that the Live API does not have (documentation of September 2026). */
const notLive = [
  "responseLogprobs",
  "logprobs",
  "responseMimeType",
  "responseSchema",
  "responseJsonSchema",
  "_responseJsonSchema",
  "responseFormat",
  "stopSequences"
]

const general = "Request contains an invalid argument."

const isSet = (value: unknown): boolean => value !== undefined && value !== null

export const declarations = (setup: Json.Json): ReadonlyArray<unknown> =>
  Json.list(setup["tools"]).flatMap((tool) => Json.list(Json.at(tool, "functionDeclarations")))

/** What is wrong with a setup whose fields are right. */
export const setup = (setup: Json.Json, row: ModelTable.Row | undefined): string | undefined => {
  const config = setup["generationConfig"]
  for (const name of notLive) {
    if (isSet(Json.at(config, name))) return `${Fields.snakeCase(name)} is not supported in the live api.`
  }
  const modalities = Json.list(Json.at(config, "responseModalities"))
  if (modalities.length > 1) return general
  if (row?.live?.audioOnly === true && modalities.some((each) => each !== "AUDIO")) return general
  if (isSet(Json.at(config, "speechConfig", "multiSpeakerVoiceConfig"))) return general
  if (row?.live?.noThinkingConfig === true && isSet(Json.at(config, "thinkingConfig"))) return general
  const parts = Json.list(Json.at(setup, "systemInstruction", "parts"))
  if (parts.some((part) => !isSet(Json.at(part, "text")))) return general
  const behaviors = row?.live?.behaviors
  const names = new Set<unknown>()
  for (const declaration of declarations(setup)) {
    const { behavior, name } = Object(declaration)
    if (names.has(name)) return `Duplicate function declaration found: ${name}`
    names.add(name)
    if (behavior !== undefined && behavior !== "UNSPECIFIED" && behaviors?.includes(behavior) === false) return general
  }
  return undefined
}

/** Whether the turn waits until a call of this function is answered. */
export const isBlocking = (setup: Json.Json, row: ModelTable.Row | undefined, name: string): boolean => {
  const behavior = Json.at(declarations(setup).find((each) => Json.at(each, "name") === name), "behavior")
  return (behavior === undefined || behavior === "UNSPECIFIED" ? row?.live?.defaultBehavior : behavior) !==
    "NON_BLOCKING"
}

const media = (blob: unknown, kind: "audio/" | "image/"): boolean =>
  (Json.text(Json.at(blob, "mimeType")) ?? "").toLowerCase().startsWith(kind)

/** What is wrong with a realtime input, given how activity is detected. */
export const realtimeInput = (input: Json.Json, manual: boolean): string | undefined => {
  if (isSet(input["audio"]) && !media(input["audio"], "audio/")) return general
  if (isSet(input["video"]) && !media(input["video"], "image/")) return general
  const chunks = Json.list(input["mediaChunks"])
  if (chunks.some((chunk) => !media(chunk, "audio/") && !media(chunk, "image/"))) return general
  if (manual && input["audioStreamEnd"] === true) return general
  return !manual && (isSet(input["activityStart"]) || isSet(input["activityEnd"])) ? general : undefined
}
