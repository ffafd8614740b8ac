/**
 * Vectors that follow from the text: each word pulls in its own directions, so texts that share
 * words lie closer together than texts that do not.
 */
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import * as Tokens from "./tokens.ts"

const size = 3072
/** How many dimensions one word pulls at. */
const perWord = 48

/**
 * Models whose vectors have length 1 at 3072 dimensions only (0.57 at 768) and whose answers have no usage (recorded
 * 2025 and 2026).
 */
const unnormalised = new Set(["gemini-embedding-001"])

const scaled = (values: ReadonlyArray<number>): ReadonlyArray<number> => {
  const length = Math.hypot(...values)
  return values.map((value) => Number((value / length).toPrecision(8)))
}

const textOf = (content: unknown): string =>
  Json.list(Json.at(content, "parts"))
    .map((part) => Json.text(Json.at(part, "text")) ?? JSON.stringify(part))
    .join("\n")

const vector = (seed: string, text: string): ReadonlyArray<number> => {
  const whole = Dice.make(`${seed}\n${text}`)
  // Every dimension gets a little, so that none is 0 and different texts always differ.
  const values = Array.from({ length: size }, () => (whole.next() - 0.5) * 0.02)
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    const dice = Dice.make(`${seed}\n${word}`)
    for (let i = 0; i < perWord; i++) {
      const at = dice.int(0, size - 1)
      values[at] = (values[at] ?? 0) + dice.next() - 0.5
    }
  }
  return scaled(values)
}

/** The vector of one content; `request` has `content` and maybe `outputDimensionality`. */
const embed = (model: string, seed: string, request: unknown): { readonly values: ReadonlyArray<number> } => {
  const wanted = Json.number(
    Json.at(request, "outputDimensionality") ?? Json.at(request, "embedContentConfig", "outputDimensionality")
  )
  const values = vector(`${seed}\n${model}`, textOf(Json.at(request, "content")))
  if (wanted === undefined || wanted >= size) return { values }
  const cut = values.slice(0, wanted)
  return { values: unnormalised.has(model) ? cut : scaled(cut) }
}

const usage = (model: string, requests: ReadonlyArray<unknown>): Json.Json => {
  if (unnormalised.has(model)) return {}
  const counts = Tokens.ofContents(requests.map((request) => Json.at(request, "content")))
  // The field lacks the final "s" that it has in generateContent: it was recorded like this.
  return { usageMetadata: { promptTokenCount: Tokens.total(counts), promptTokenDetails: Tokens.details(counts) } }
}

export const one = (model: string, seed: string, body: unknown): Json.Json => ({
  embedding: embed(model, seed, body),
  ...usage(model, [body])
})

export const batch = (model: string, seed: string, body: unknown): Json.Json => {
  const requests = Json.list(Json.at(body, "requests"))
  return { embeddings: requests.map((request) => embed(model, seed, request)), ...usage(model, requests) }
}
