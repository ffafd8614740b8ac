/**
 * What the model says to a request, as whole parts: the generator's decision, before it is cut
 * into chunks. The same request and seed always give the same turn.
 */
import type * as ModelTable from "../../ModelTable.ts"
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import * as Directives from "./directives.ts"
import * as Grounding from "./grounding.ts"
import * as Instance from "./instance.ts"
import * as LikelyCalls from "./likelyCalls.ts"
import * as Media from "./media.ts"
import * as Signature from "./signature.ts"
import * as Tokens from "./tokens.ts"

/**
 * When declared functions are called: when the prompt names them, one after the other when its words fit them, at every
 * turn of the user, or never.
 */
export type Calling = "mentioned" | "likely" | "always" | "never"

/** Where values for schemas come from: from the seed, or from examples, results and the prompt where these have one. */
export type Values = "seeded" | "likely"

export interface Request {
  readonly model: string
  readonly row: ModelTable.Row | undefined
  /** The body with its names in camelCase. */
  readonly body: unknown
  readonly seed: string
  readonly calling: Calling
  /** Default `seeded`. */
  readonly values?: Values | undefined
  /** What a file search found, as `groundingChunks`. */
  readonly retrieved?: ReadonlyArray<Json.Json> | undefined
}

export interface Utterance {
  readonly parts: ReadonlyArray<Json.Json>
  readonly finishReason: string
  /** The signature for the part that the model's rules choose, see `chunks.ts`. */
  readonly signature: string | undefined
  readonly thoughtTokens: number
  /** Further fields of the candidate: grounding, finishMessage, ratings. */
  readonly extra: Json.Json
  /** The further fields for one part of the text, where the text is cut into hops. */
  readonly extraOf?: ((text: string) => Json.Json) | undefined
}

/** Prompts and settings that stop a request before the model sees it. */
export interface Blocked {
  readonly blockReason: string
}

/** What is said to a request: the candidates' turns, or why nothing is. */
export type Speech = ReadonlyArray<Utterance> | Blocked

export const ratings = (probability: string, blocked: boolean) => [
  { category: "HARM_CATEGORY_DANGEROUS_CONTENT", probability, ...(blocked ? { blocked } : {}) }
]

const lastContent = (body: unknown): unknown => Json.list(Json.at(body, "contents")).at(-1)

const textsOf = (content: unknown): string =>
  Json.list(Json.at(content, "parts")).map((part) => Json.text(Json.at(part, "text")) ?? "").join(" ").trim()

export const promptOf = (body: unknown): string => textsOf(lastContent(body))

export const config = (body: unknown, ...path: ReadonlyArray<string>): unknown =>
  Json.at(body, "generationConfig", ...path)

export const declarations = (body: unknown): ReadonlyArray<unknown> => {
  const allowed = Json.list(Json.at(body, "toolConfig", "functionCallingConfig", "allowedFunctionNames"))
  return Json.list(Json.at(body, "tools"))
    .flatMap((tool) => Json.list(Json.at(tool, "functionDeclarations")))
    .filter((each) => allowed.length === 0 || allowed.includes(Json.at(each, "name")))
}

/** The place at which the prompt names a function; -1 if it does not. */
const mentionOf = (prompt: string, name: string): number =>
  prompt.search(new RegExp(`(?<![\\w.:-])${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w:-])`))

const contentsOf = (body: unknown): ReadonlyArray<unknown> => Json.list(Json.at(body, "contents"))

/**
 * A value for a schema. The dice are the request's, so that the same request has the same values; those of a likely call
 * follow from the words alone.
 */
const valueOf = (request: Request, schema: unknown, dice: Dice.Dice, said?: string): unknown => {
  if (request.values !== "likely") return Instance.make(schema, dice)
  const { prompt, results } = LikelyCalls.turnOf(contentsOf(request.body))
  return Instance.likely(schema, dice, { prompt, results: results.map(({ response }) => response).toReversed(), said })
}

/** The one call that comes next, if any. Its arguments are such that it was not made before. */
const likelyCall = (request: Request, isForced: boolean): ReadonlyArray<Directives.DirectedCall> => {
  const declared = declarations(request.body)
  const tools = declared.map((each) => ({
    name: Json.text(Json.at(each, "name")) ?? "",
    description: Json.text(Json.at(each, "description")) ?? ""
  }))
  const turn = LikelyCalls.turnOf(contentsOf(request.body))
  const fitting = LikelyCalls.next(tools, turn)
  const others = isForced ? tools.map(({ name }) => name).filter((name) => !turn.called.has(name)) : []
  for (const name of new Set([...fitting, ...others])) {
    const schema = schemaOfCall(declared.find((each) => Json.at(each, "name") === name))
    const dice = Dice.make(`${request.seed}\n${name}\n${turn.prompt}`)
    const args = schema === undefined ? {} : valueOf(request, schema, dice)
    if (!turn.earlier.has(LikelyCalls.keyOf(name, args))) return [{ name, args }]
  }
  return []
}

/** The declarations that are called, in the order of the prompt or of the request. */
const chosenCalls = (
  request: Request,
  prompt: string,
  directives: Directives.Directives
): ReadonlyArray<Directives.DirectedCall> => {
  if (directives.calls.length > 0) return directives.calls
  const mode = Json.at(request.body, "toolConfig", "functionCallingConfig", "mode")
  if (mode === "NONE" || request.calling === "never") return []
  if (request.calling === "likely") return likelyCall(request, mode === "ANY")
  const declared = declarations(request.body).flatMap((each) => Json.text(Json.at(each, "name")) ?? [])
  const answered = Json.list(Json.at(lastContent(request.body), "parts")).some((part) =>
    Json.at(part, "functionResponse") !== undefined
  )
  const named = answered ? [] : declared
    .map((name) => ({ name, at: mentionOf(prompt, name) }))
    .filter(({ at }) => at !== -1)
    .sort((a, b) => a.at - b.at)
  const [first] = declared
  if (named.length > 0) return named.map(({ name }) => ({ name, args: undefined }))
  if (first === undefined || !(mode === "ANY" || (request.calling === "always" && !answered))) return []
  return [{ name: first, args: undefined }]
}

export const callPart = (request: Request, call: Directives.DirectedCall, dice: Dice.Dice): Json.Json => {
  const declaration = declarations(request.body).find((each) => Json.at(each, "name") === call.name)
  const schema = schemaOfCall(declaration)
  return {
    functionCall: {
      // Models that demand signatures also number their calls; older ones do not (recorded 2025, 2026).
      ...(request.row?.signatures === true ? { id: dice.letters(8, "abcdefghijklmnopqrstuvwxyz0123456789") } : {}),
      name: call.name,
      args: call.args ?? (schema === undefined ? {} : valueOf(request, schema, dice))
    }
  }
}

/** The schema that the answer must have, from whichever field it stands in. */
export const schemaOf = (body: unknown): unknown =>
  config(body, "responseJsonSchema") ?? config(body, "_responseJsonSchema") ?? config(body, "responseSchema") ??
    config(body, "responseFormat", "text", "schema")

export const schemaOfCall = (declaration: unknown): unknown =>
  Json.at(declaration, "parametersJsonSchema") ?? Json.at(declaration, "parameters")

const jsonText = (request: Request, dice: Dice.Dice, text: string): string | undefined => {
  const { body } = request
  const format = config(body, "responseFormat", "text")
  const mimeType = Json.text(config(body, "responseMimeType") ?? Json.at(format, "mimeType"))
  const schema = schemaOf(body)
  if (mimeType === "text/x.enum") return String(valueOf(request, schema, dice))
  if (mimeType !== "application/json" && schema === undefined) return undefined
  return JSON.stringify(schema === undefined ? { answer: text } : valueOf(request, schema, dice, text))
}

const long = (words: number): string =>
  Array.from({ length: words }, (_, i) => `word${i + 1}${(i + 1) % 12 === 0 ? "." : ""}`).join(" ")

const sentence = (request: Request, prompt: string, dice: Dice.Dice): string => {
  const responses = Json.list(Json.at(lastContent(request.body), "parts")).flatMap((part) => {
    const response = Json.at(part, "functionResponse")
    return response === undefined
      ? []
      : `${Json.at(response, "name")} returned ${JSON.stringify(Json.at(response, "response"))}.`
  })
  const passages = (request.retrieved ?? []).flatMap((chunk) =>
    Json.text(Json.at(chunk, "retrievedContext", "text")) ?? []
  )
  const [passage] = passages
  if (passage !== undefined) return `The documents say: "${passage}".`
  const opening = `This is ${request.model}, answering from the emulator. `
  if (responses.length > 0) {
    return opening + (request.calling === "likely"
      ? LikelyCalls.told(LikelyCalls.turnOf(contentsOf(request.body)))
      : responses.join(" "))
  }
  const words = prompt.split(/\s+/).filter((word) => word !== "")
  const topic = words.slice(0, 8).join(" ") + (words.length > 8 ? " …" : "")
  const closing = dice.pick([
    "A real model would now tell you more; this one always says the same, which is what tests need.",
    "There is no model behind this text, and it will be the same tomorrow.",
    "Nobody has thought about that; the words follow from your request and a seed."
  ])
  return `${opening}You asked about "${topic}", in ${words.length} words. ${closing}`
}

const mediaParts = (body: unknown, dice: Dice.Dice): ReadonlyArray<Json.Json> => {
  const modalities = Json.list(config(body, "responseModalities")).map((each) => String(each).toUpperCase())
  const ratio = /^(\d+):(\d+)$/.exec(Json.text(config(body, "imageConfig", "aspectRatio")) ?? "1:1")
  return [
    ...(modalities.includes("IMAGE")
      ? [{
        inlineData: {
          mimeType: "image/png",
          data: Media.png(Number(ratio?.[1] ?? 1) * 2, Number(ratio?.[2] ?? 1) * 2, dice)
        }
      }]
      : []),
    ...(modalities.includes("AUDIO")
      ? [{ inlineData: { mimeType: "audio/L16;codec=pcm;rate=24000", data: Media.pcm(100, dice) } }]
      : [])
  ]
}

export const thinks = (request: Request): boolean =>
  request.row?.model.thinking === true && Json.number(config(request.body, "thinkingConfig", "thinkingBudget")) !== 0 &&
  Json.at(request.body, "generationConfig", "thinkingConfig", "thinkingLevel") !== "MINIMAL"

const stopped = (text: string, body: unknown): string => {
  let end = text.length
  for (const stop of Json.list(config(body, "stopSequences"))) {
    const at = typeof stop === "string" && stop !== "" ? text.indexOf(stop) : -1
    if (at !== -1) end = Math.min(end, at)
  }
  return text.slice(0, end)
}

/** Tokens of a part, as usage counts them. */
export const cost = (part: Json.Json): number => {
  const media = Json.text(Json.at(part, "inlineData", "mimeType"))
  if (media !== undefined) return media.startsWith("image/") ? 1290 : 25
  return Tokens.ofText(Json.text(part["text"]) ?? JSON.stringify(part["functionCall"] ?? part))
}

/** Log probabilities: one token a word, with made-up words for the tokens that were not chosen. */
const logprobs = (body: unknown, text: string, dice: Dice.Dice): Json.Json => {
  if (config(body, "responseLogprobs") !== true) return {}
  const top = Json.number(config(body, "logprobs")) ?? 0
  const probability = () => -Math.round(dice.next() * 1000) / 1000
  const chosenCandidates = (text.trimEnd().match(/\s*\S+/g) ?? []).map((token) => ({
    token,
    tokenId: dice.int(1, 250_000),
    logProbability: probability()
  }))
  const logProbabilitySum = chosenCandidates.reduce((sum, each) => sum + each.logProbability, 0)
  const topCandidates = chosenCandidates.map((chosen) => ({
    candidates: [
      chosen,
      ...Array.from({ length: Math.max(0, top - 1) }, (_, i) => ({
        token: ` ${i}`,
        tokenId: dice.int(1, 250_000),
        logProbability: chosen.logProbability - 1 - i
      }))
    ]
  }))
  return {
    avgLogprobs: chosenCandidates.length === 0 ? 0 : logProbabilitySum / chosenCandidates.length,
    logprobsResult: { ...(top === 0 ? {} : { topCandidates }), chosenCandidates, logProbabilitySum }
  }
}

/** The parts that fit into maxOutputTokens. Thoughts count too, and are taken first. */
export const limited = (
  parts: ReadonlyArray<Json.Json>,
  limit: number,
  spent: number
): ReadonlyArray<Json.Json> | undefined => {
  const out: Array<Json.Json> = []
  let left = limit - spent
  for (const part of parts) {
    if (part["thought"] === true) {
      if (left > 0) out.push(part)
      continue
    }
    const tokens = cost(part)
    if (tokens <= left) {
      out.push(part)
      left -= tokens
      continue
    }
    const text = Json.text(part["text"])
    if (text !== undefined && left > 0) out.push({ ...part, text: text.slice(0, left * 4) })
    return out
  }
  return undefined
}

const compose = (request: Request, candidate: number): Utterance => {
  const { body } = request
  const dice = Dice.make(`${request.seed}\n${request.model}\n${candidate}\n${Json.canonical(body)}`)
  const prompt = promptOf(body)
  const directives = Directives.find(prompt)
  const thinking = thinks(request)
  const thoughtTokens = thinking ? dice.int(8, 31) : 0
  const tools = Json.list(Json.at(body, "tools"))
  const signature = request.row?.signatures === true || (thinking && tools.length > 0)
    ? Signature.issue(dice)
    : undefined
  if (directives.empty) return { parts: [], finishReason: "STOP", signature: undefined, thoughtTokens: 0, extra: {} }

  const thoughts = thinking && config(body, "thinkingConfig", "includeThoughts") === true
    ? [{ text: `**Reading the request**\n\nThe user asks: ${prompt.slice(0, 60)}\n\n\n`, thought: true }]
    : []
  const calls = chosenCalls(request, prompt, directives)
  let parts: ReadonlyArray<Json.Json>
  let extra: Json.Json = {}
  let extraOf: Utterance["extraOf"]
  if (calls.length > 0) {
    parts = [...thoughts, ...calls.map((call) => callPart(request, call, dice))]
    if (request.row?.signatures === true) extra = { finishMessage: "Model generated function call(s)." }
  } else {
    const said = directives.say ??
      (directives.words === undefined ? sentence(request, prompt, dice) : long(directives.words))
    const text = stopped(jsonText(request, dice, said) ?? said, body)
    const media = mediaParts(body, dice)
    const modalities = Json.list(config(body, "responseModalities"))
    const wordless = media.length > 0 && !modalities.some((each) => String(each).toUpperCase() === "TEXT")
    parts = [
      ...thoughts,
      ...Grounding.codeRun(tools, prompt.split(/\s+/).length),
      ...(wordless ? [] : [{ text }]),
      ...media
    ]
    extraOf = (text) => ({
      ...Grounding.metadata(tools, prompt, wordless ? "" : text, request.retrieved),
      ...logprobs(body, text, dice)
    })
    extra = extraOf(text)
  }
  let finishReason = "STOP"
  const limit = Json.number(config(body, "maxOutputTokens"))
  const fitting = limit === undefined ? undefined : limited(parts, limit, thoughtTokens)
  if (fitting !== undefined) {
    parts = fitting
    finishReason = "MAX_TOKENS"
    extra = {}
    extraOf = undefined
  }
  if (directives.finish !== undefined) {
    finishReason = directives.finish
    const unsafe = finishReason === "SAFETY"
    // The real server stops somewhere in the text, and then says why.
    parts = parts.flatMap((part) => {
      const text = Json.text(part["text"])
      return text === undefined ? [] : [{ ...part, text: text.slice(0, Math.ceil(text.length / 2)) }]
    })
    extra = unsafe ? { safetyRatings: ratings("HIGH", true) } : {}
    extraOf = undefined
  }
  return { parts, finishReason, signature: parts.length === 0 ? undefined : signature, thoughtTokens, extra, extraOf }
}

/** The turns of the candidates, or why the prompt is blocked. */
export const make = (request: Request): Speech => {
  const blockReason = Directives.find(promptOf(request.body)).block
  if (blockReason !== undefined) return { blockReason }
  const count = Json.number(config(request.body, "candidateCount")) ?? 1
  return Array.from({ length: Math.max(1, count) }, (_, i) => compose(request, i))
}

/** A text that somebody else gave, in the form in which the generator speaks. */
export const saying = (text: string): Utterance => ({
  parts: [{ text }],
  finishReason: "STOP",
  signature: undefined,
  thoughtTokens: 0,
  extra: {}
})
