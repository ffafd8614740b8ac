/** Turns become responses: one whole response, or the chunks of a stream, with cumulative usage. */
import type * as Reply from "../../Reply.ts"
import * as Dice from "../Dice.ts"
import * as Table from "../google/quotaTable.ts"
import * as Json from "../json.ts"
import * as Tokens from "./tokens.ts"
import * as Utterance from "./Utterance.ts"

export interface Envelope {
  readonly model: string
  readonly seed: string
  readonly body: unknown
  /** The tokens of the prompt that came out of a cache. */
  readonly cached?: Tokens.Counts | undefined
  /** Numbers that were given in place of the counted ones. */
  readonly usage?: Reply.Usage | undefined
}

/** What every response of one answer shares. */
const shared = ({ body, model, seed }: Envelope) => ({
  // An alias answers as the model behind it.
  modelVersion: Table.aliases.get(model) ?? model,
  responseId: Dice.make(`${seed}\n${model}\n${Json.canonical(body)}`).letters(22)
})

type Usage = (candidates: number, thoughts: number) => Json.Json

/** The usage of an answer. The prompt is counted once for all its responses. */
const usageOf = ({ body, cached }: Envelope): Usage => {
  const prompt = Tokens.ofRequest(body)
  const promptTokenCount = Tokens.total(prompt)
  const promptTokensDetails = Tokens.details(prompt)
  const serviceTier = Json.text(Json.at(body, "serviceTier")) ?? "standard"
  return (candidates, thoughts) => ({
    promptTokenCount,
    // Zero is left out, as proto3 JSON leaves it out.
    ...(candidates === 0 ? {} : { candidatesTokenCount: candidates }),
    totalTokenCount: promptTokenCount + candidates + thoughts,
    promptTokensDetails,
    ...Tokens.ofCache(cached),
    ...(thoughts === 0 ? {} : { thoughtsTokenCount: thoughts }),
    serviceTier
  })
}

/** The usage of the whole answer; numbers that were given replace the counted ones. */
const final = ({ usage }: Envelope, counted: Json.Json): Json.Json => {
  if (usage === undefined) return counted
  const given = Object.fromEntries(Object.entries(usage).filter(([, count]) => count !== undefined))
  const { promptTokenCount } = given
  const all: Json.Json = {
    ...counted,
    ...given,
    ...(promptTokenCount === undefined
      ? {}
      : { promptTokensDetails: [{ modality: "TEXT", tokenCount: promptTokenCount }] })
  }
  const sum = (["promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount"] as const)
    .reduce((sum, name) => sum + (Json.number(all[name]) ?? 0), 0)
  return { ...all, totalTokenCount: given["totalTokenCount"] ?? sum }
}

const spoken = (parts: ReadonlyArray<Json.Json>): number =>
  parts.reduce((sum, part) => part["thought"] === true ? sum : sum + Utterance.cost(part), 0)

/**
 * Puts the thought signature where the model puts it (seen 2025 and 2026): on the first call of a step, else on the
 * last part; in a stream of text on an empty part of its own.
 */
const signed = (turn: Utterance.Utterance, streaming: boolean): ReadonlyArray<Json.Json> => {
  const thoughtSignature = turn.signature
  if (thoughtSignature === undefined) return turn.parts
  const call = turn.parts.findIndex((part) => part["functionCall"] !== undefined)
  const at = call === -1 ? turn.parts.length - 1 : call
  if (streaming && turn.parts[at]?.["text"] !== undefined) return [...turn.parts, { text: "", thoughtSignature }]
  return turn.parts.map((part, i) => i === at ? { ...part, thoughtSignature } : part)
}

const content = (parts: ReadonlyArray<Json.Json>): Json.Json =>
  // Without parts and words `content` has only its role, as when thinking used up the limit.
  parts.length === 0 ? { role: "model" } : { parts, role: "model" }

// A text of blanks alone is one piece: cutting it would search the rest of it from each of its characters.
const pieces = (text: string): ReadonlyArray<string> =>
  text.trim() === "" ? [text] : text.match(/\s*\S+(?:\s+\S+){0,5}\s*/g) ?? [text]

const blocked = (envelope: Envelope, { blockReason }: Utterance.Blocked): Json.Json => ({
  promptFeedback: { blockReason },
  usageMetadata: usageOf(envelope)(0, 0),
  ...shared(envelope)
})

export const whole = (envelope: Envelope, turns: Utterance.Speech): Json.Json => {
  if ("blockReason" in turns) return blocked(envelope, turns)
  return {
    candidates: turns.map((turn, index) => ({
      content: content(signed(turn, false)),
      finishReason: turn.finishReason,
      index,
      ...turn.extra
    })),
    usageMetadata: final(
      envelope,
      usageOf(envelope)(
        turns.reduce((sum, turn) => sum + spoken(turn.parts), 0),
        turns.reduce((sum, turn) => sum + turn.thoughtTokens, 0)
      )
    ),
    ...shared(envelope)
  }
}

export function* stream(
  envelope: Envelope,
  turns: Utterance.Speech
): Generator<Json.Json> {
  if ("blockReason" in turns) {
    yield blocked(envelope, turns)
    return
  }
  const rest = shared(envelope)
  const usage = usageOf(envelope)
  let thoughts = 0
  let done = 0
  for (const [index, turn] of turns.entries()) {
    thoughts += turn.thoughtTokens
    const parts = signed(turn, true).flatMap((part) => {
      const text = Json.text(part["text"])
      return text === undefined || text === "" ? [part] : pieces(text).map((piece) => ({ ...part, text: piece }))
    })
    const said: Array<Json.Json> = []
    let text = ""
    const last = Math.max(0, parts.length - 1)
    for (let i = 0; i <= last; i++) {
      const part = parts[i]
      // All text is counted as one, because every piece would round up its own tokens.
      if (part?.["thought"] !== true && typeof part?.["text"] === "string") text += part["text"]
      else if (part !== undefined) said.push(part)
      const counted = usage(done + spoken(said) + Tokens.ofText(text), thoughts)
      yield {
        candidates: [{
          content: content(part === undefined ? [] : [part]),
          ...(i === last ? { finishReason: turn.finishReason } : {}),
          index,
          ...(i === last ? turn.extra : {})
        }],
        usageMetadata: i === last && index === turns.length - 1 ? final(envelope, counted) : counted,
        ...rest
      }
    }
    done += spoken(turn.parts)
  }
}

/** Makes a response of each scripted piece of a stream. */
export const pieceOf = (envelope: Envelope): (text: string) => Json.Json => {
  const rest = shared(envelope)
  return (text) => ({ candidates: [{ content: { parts: [{ text }], role: "model" }, index: 0 }], ...rest })
}

/**
 * Folds any chunks into one response: all parts in their order, neighbouring texts joined, and every other field from
 * the last chunk that has it.
 */
export const fold = (list: ReadonlyArray<Json.Json>): Json.Json => {
  const parts: Array<Json.Json> = []
  let candidate: Json.Json = {}
  let whole: Json.Json = {}
  for (const chunk of list) {
    whole = { ...whole, ...chunk }
    const first = Json.list(chunk["candidates"])[0]
    if (!Json.isObject(first)) continue
    candidate = { ...candidate, ...first }
    for (const part of Json.list(Json.at(first, "content", "parts"))) {
      if (!Json.isObject(part)) continue
      const before = parts.at(-1)
      const plain = (each: Json.Json | undefined) => each !== undefined && Object.keys(each).join() === "text"
      if (plain(before) && plain(part)) parts.splice(-1, 1, { text: `${before?.["text"]}${part["text"]}` })
      else parts.push(part)
    }
  }
  return { ...whole, candidates: [{ ...candidate, content: { parts, role: "model" } }] }
}
