/**
 * A scripted answer as the model would say it: signed, numbered, counted, and checked against what
 * the request has declared.
 */
import type * as Reply from "../../Reply.ts"
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import * as Conforms from "../judge/conforms.ts"
import { suggestion } from "../nearest.ts"
import * as Grounding from "./grounding.ts"
import * as Media from "./media.ts"
import * as Signature from "./signature.ts"
import * as Tokens from "./tokens.ts"
import * as Utterance from "./Utterance.ts"

/** The fields that are put together. */
export type ReplyFields = Pick<
  Reply.Reply,
  "text" | "json" | "calls" | "thoughts" | "image" | "audio" | "grounding" | "usage" | "finishReason" | "invalid"
>

const pieces: ReadonlySet<string> = new Set<keyof ReplyFields>([
  "text",
  "json",
  "calls",
  "thoughts",
  "image",
  "audio",
  "grounding",
  "finishReason"
])

/** Whether this field says a part of an answer. */
export const isPiece = (name: string): boolean => pieces.has(name)

/** Whether there is anything to put together; otherwise the generator speaks. */
export const speaks = (reply: ReplyFields): boolean =>
  [reply.text, reply.json, reply.calls, reply.thoughts, reply.image, reply.audio, reply.grounding, reply.finishReason]
    .some((each) => each !== undefined)

/** Either the turn, or what does not fit the request. */
export type Composed = { readonly turn: Utterance.Utterance } | { readonly misfit: string }

const modalities = (body: unknown): ReadonlyArray<string> =>
  Json.list(Utterance.config(body, "responseModalities")).map((each) => String(each).toUpperCase())

const toolsOf = (body: unknown): ReadonlyArray<unknown> => Json.list(Json.at(body, "tools"))

const callMisfit = (calls: NonNullable<ReplyFields["calls"]>, body: unknown): string | undefined => {
  const config = Json.at(body, "toolConfig", "functionCallingConfig")
  if (Json.at(config, "mode") === "NONE" && calls.length > 0) return "calls: the request allows none (mode NONE)"
  const declared = Utterance.declarations(body)
  const names = declared.flatMap((each) => Json.text(Json.at(each, "name")) ?? [])
  for (const [i, { args, name }] of calls.entries()) {
    const declaration = declared.find((each) => Json.at(each, "name") === name)
    if (declaration === undefined) {
      const others = names.length === 0 ? "it declares none." : `it declares ${names.join(", ")}.`
      return `calls[${i}].name: the request declares no function "${name}", ${others}${suggestion(name, names)}`
    }
    const schema = Utterance.schemaOfCall(declaration)
    const wrong = args === undefined || schema === undefined ? undefined : Conforms.mismatch(schema, args)
    if (wrong !== undefined) {
      return `calls[${i}].args${wrong.path === "" ? "" : "."}${Conforms.says(wrong)}, as ${name} is declared`
    }
  }
  return undefined
}

/** What of a reply does not fit the request. */
export const misfit = (reply: ReplyFields, body: unknown): string | undefined => {
  if (reply.invalid === true) return undefined
  const wrong = callMisfit(reply.calls ?? [], body)
  if (wrong !== undefined) return wrong
  const said = modalities(body)
  if (reply.image !== undefined && !said.includes("IMAGE")) {
    return "image: the request asks for none (generationConfig.responseModalities has no IMAGE)"
  }
  if (reply.audio !== undefined && !said.includes("AUDIO")) {
    return "audio: the request asks for none (generationConfig.responseModalities has no AUDIO)"
  }
  if (reply.grounding !== undefined && !Grounding.isDeclared(toolsOf(body))) {
    return "grounding: the request declares no tool that looks something up"
  }
  const schema = Utterance.schemaOf(body)
  const mismatch = reply.json === undefined || schema === undefined ? undefined : Conforms.mismatch(schema, reply.json)
  if (mismatch === undefined) return undefined
  return `json${mismatch.path === "" ? "" : "."}${Conforms.says(mismatch)}, as the request's schema has it`
}

const wordsOf = (reply: ReplyFields, body: unknown): string | undefined => {
  if (reply.json === undefined) return reply.text
  // The value of an enum is said without quotes.
  const isPlain = typeof reply.json === "string" && Utterance.config(body, "responseMimeType") === "text/x.enum"
  return isPlain ? String(reply.json) : JSON.stringify(reply.json)
}

const mediaParts = ({ audio, image }: ReplyFields, dice: Dice.Dice): ReadonlyArray<Json.Json> => {
  const picture = image === true ? {} : image
  const sound = audio === true ? {} : audio
  return [
    ...(picture === undefined
      ? []
      : [{ inlineData: { mimeType: picture.mimeType ?? "image/png", data: picture.data ?? Media.png(2, 2, dice) } }]),
    ...(sound === undefined ? [] : [{
      inlineData: {
        mimeType: sound.mimeType ?? "audio/L16;codec=pcm;rate=24000",
        data: sound.data ?? Media.pcm(sound.millis ?? 100, dice)
      }
    }])
  ]
}

export const compose = (reply: ReplyFields, request: Utterance.Request): Composed => {
  const { body, row } = request
  const wrong = misfit(reply, body)
  if (wrong !== undefined) return { misfit: wrong }
  const dice = Dice.make(`${request.seed}\nscripted\n${request.model}\n${Json.canonical(body)}`)
  const { calls = [], finishReason, thoughts } = reply
  const text = wordsOf(reply, body)
  const thinking = Utterance.thinks(request)
  const shows = thoughts !== undefined && Utterance.config(body, "thinkingConfig", "includeThoughts") === true
  const thoughtTokens = thoughts !== undefined
    ? Tokens.ofText(thoughts)
    : thinking && calls.length > 0
    ? dice.int(8, 31)
    : 0
  const isSigned = (row?.signatures === true || (thinking && toolsOf(body).length > 0)) &&
    (calls.length > 0 || thoughts !== undefined)
  const whole: ReadonlyArray<Json.Json> = [
    ...(shows ? [{ text: thoughts, thought: true }] : []),
    ...(text === undefined ? [] : [{ text }]),
    ...mediaParts(reply, dice),
    ...calls.map(({ args, id, name }) => {
      const part = Utterance.callPart(request, { name, args }, dice)
      return id === undefined ? part : { functionCall: { ...Object(part["functionCall"]), id } }
    })
  ]
  const limit = Json.number(Utterance.config(body, "maxOutputTokens"))
  const isFree = finishReason !== undefined || reply.invalid === true || limit === undefined
  const fitting = isFree ? undefined : Utterance.limited(whole, limit, thoughtTokens)
  const parts = fitting ?? whole
  const isCall = calls.length > 0 && row?.signatures === true && finishReason === undefined && fitting === undefined
  const { grounding } = reply
  return {
    turn: {
      parts,
      finishReason: finishReason ?? (fitting === undefined ? "STOP" : "MAX_TOKENS"),
      signature: isSigned && parts.length > 0 ? Signature.issue(dice) : undefined,
      thoughtTokens,
      extra: {
        ...(isCall ? { finishMessage: "Model generated function call(s)." } : {}),
        ...(finishReason === "SAFETY" ? { safetyRatings: Utterance.ratings("HIGH", true) } : {}),
        ...(grounding === undefined || fitting !== undefined
          ? {}
          : Grounding.cited(grounding.sources ?? [], grounding.queries ?? [], text ?? ""))
      }
    }
  }
}
