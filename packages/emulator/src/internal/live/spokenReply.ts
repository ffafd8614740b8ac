/**
 * What the model says in a turn, as messages of the wire: text in pieces, or speech with its transcription beside it.
 * It counts what has been said so far, since a turn may be cut.
 */
import type * as Answer from "../../Answer.ts"
import type * as ScriptedReply from "../../Reply.ts"
import * as Media from "../answers/media.ts"
import * as Tokens from "../answers/tokens.ts"
import type * as Utterance from "../answers/Utterance.ts"
import type * as Dice from "../Dice.ts"
import * as Json from "../json.ts"

export interface Voice {
  readonly audio: boolean
  readonly transcribe: boolean
  readonly millisPerWord: number
  /** The id of the next call. No two connections give the same, because ids are how clients tell calls apart. */
  readonly nextId: () => string
}

export interface SpokenCall {
  readonly id: string
  readonly name: string
  readonly args: unknown
}

/** What has been said of a turn so far. */
export interface Spoken {
  text: string
  audioMillis: number
  thoughtTokens: number
  readonly calls: Array<SpokenCall>
  /** Numbers that were given in place of the counted ones. */
  usage?: ScriptedReply.Usage | undefined
}

export const nothing = (): Spoken => ({ text: "", audioMillis: 0, thoughtTokens: 0, calls: [] })

const modelTurn = (part: Json.Json): Json.Json => ({ serverContent: { modelTurn: { parts: [part] } } })

const pieces = (text: string, words: number): ReadonlyArray<string> =>
  text.trim() === ""
    ? (text === "" ? [] : [text])
    : text.match(new RegExp(`\\s*\\S+(?:\\s+\\S+){0,${words - 1}}\\s*`, "g")) ?? [text]

/** The notes that speech is made of. They are few, and each is made once. */
const notes = [220, 262, 330, 392, 440]

const tones = new Map<string, string>()

const tone = (millis: number, hertz: number): string => {
  const key = `${hertz} ${millis}`
  const known = tones.get(key)
  if (known !== undefined) return known
  const made = Media.tone(millis, hertz)
  if (tones.size < 64) tones.set(key, made)
  return made
}

function* spoken(text: string, said: Spoken, voice: Voice, dice: Dice.Dice): Generator<Json.Json> {
  for (const piece of pieces(text, voice.audio ? 2 : 6)) {
    if (!voice.audio) {
      said.text += piece
      yield modelTurn({ text: piece })
      continue
    }
    if (voice.transcribe) yield { serverContent: { outputTranscription: { text: piece } } }
    said.text += piece
    const millis = (piece.match(/\S+/g)?.length ?? 1) * voice.millisPerWord
    said.audioMillis += millis
    yield modelTurn({ inlineData: { mimeType: "audio/pcm;rate=24000", data: tone(millis, dice.pick(notes) ?? 440) } })
  }
}

/** An id in the form in which the Gemini API was recorded to give them. */
export const callId = (dice: Dice.Dice): string => `function-call-${dice.int(1, 9)}${dice.letters(18, "0123456789")}`

/** The parts that a message says. */
export const partsOf = (message: Json.Json): ReadonlyArray<unknown> => [
  ...Json.list(Json.at(message, "serverContent", "modelTurn", "parts")),
  ...Json.list(Json.at(message, "toolCall", "functionCalls")).map((functionCall) => ({ functionCall }))
]

/** A whole turn. Its calls come last, all in one message, with these ids or with new ones. */
export function* generated(
  turn: Utterance.Utterance,
  said: Spoken,
  voice: Voice,
  dice: Dice.Dice,
  ids: ReadonlyArray<string | undefined> = []
): Generator<Json.Json> {
  said.thoughtTokens += turn.thoughtTokens
  for (const part of turn.parts) {
    const text = Json.text(part["text"])
    const call = part["functionCall"]
    if (part["thought"] === true) yield modelTurn(part)
    else if (text !== undefined) yield* spoken(text, said, voice, dice)
    else if (call !== undefined) {
      const id = ids[said.calls.length] ?? voice.nextId()
      said.calls.push({ id, name: String(Json.at(call, "name")), args: Json.at(call, "args") ?? {} })
    } else yield modelTurn(part)
  }
  if (said.calls.length > 0) yield { toolCall: { functionCalls: [...said.calls] } }
}

/** A scripted turn. Texts are spoken; whole messages go out as they are. */
export function* scripted(
  answer: Answer.AnswerFields,
  said: Spoken,
  voice: Voice,
  dice: Dice.Dice
): Generator<Json.Json> {
  const list = answer.text !== undefined
    ? [answer.text]
    : answer.response !== undefined
    ? [answer.response]
    : answer.chunks ?? []
  for (const item of list) {
    if (typeof item === "string") {
      yield* spoken(item, said, voice, dice)
      continue
    }
    for (const call of Json.list(Json.at(item, "toolCall", "functionCalls"))) {
      said.calls.push({
        id: Json.text(Json.at(call, "id")) ?? "",
        name: String(Json.at(call, "name")),
        args: Json.at(call, "args")
      })
    }
    yield item
  }
}

/** Audio costs 25 tokens a second, in and out. */
export const audioTokens = (millis: number): number => Math.ceil((millis * 25) / 1000)

const details = (counts: Readonly<Record<string, number>>) =>
  Tokens.details(Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)))

export const usage = (prompt: Tokens.Counts, said: Spoken): Json.Json => {
  const calls = said.calls.reduce((sum, call) => sum + Tokens.ofText(JSON.stringify(call)), 0)
  const response = said.audioMillis > 0
    ? { AUDIO: audioTokens(said.audioMillis), TEXT: calls }
    : { TEXT: Tokens.ofText(said.text) + calls }
  const given = said.usage ?? {}
  const responseTokenCount = given.candidatesTokenCount ?? Tokens.total(response)
  const promptTokenCount = given.promptTokenCount ?? Tokens.total(prompt)
  const thoughtsTokenCount = given.thoughtsTokenCount ?? said.thoughtTokens
  const { cachedContentTokenCount, toolUsePromptTokenCount } = given
  return {
    promptTokenCount,
    // Zero is left out, as proto3 JSON leaves it out.
    ...(responseTokenCount === 0 ? {} : { responseTokenCount }),
    // Thoughts are not part of the total here (recorded).
    totalTokenCount: given.totalTokenCount ?? promptTokenCount + responseTokenCount + (toolUsePromptTokenCount ?? 0),
    promptTokensDetails: details(given.promptTokenCount === undefined ? prompt : { TEXT: promptTokenCount }),
    ...(responseTokenCount === 0
      ? {}
      : {
        responseTokensDetails: details(
          given.candidatesTokenCount === undefined ? response : { TEXT: responseTokenCount }
        )
      }),
    ...(thoughtsTokenCount === 0 ? {} : { thoughtsTokenCount }),
    ...(cachedContentTokenCount === undefined ? {} : { cachedContentTokenCount }),
    ...(toolUsePromptTokenCount === undefined ? {} : { toolUsePromptTokenCount })
  }
}
