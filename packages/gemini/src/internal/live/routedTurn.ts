/**
 * A stateless request as the one turn of a session, for `GeminiClient`'s routing.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Accumulate from "../../call/Accumulate.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import { GeminiError } from "../../GeminiError.ts"
import type * as GeminiHttp from "../../GeminiHttp.ts"
import type { ConnectOptions } from "../../GeminiLive.ts"
import type * as LiveProtocol from "../../live/LiveProtocol.ts"
import { LiveTransport, type Service } from "../../live/LiveTransport.ts"
import type { LiveError } from "../../LiveError.ts"
import type { Content } from "../../wire/Content.ts"
import type { GenerateContentRequest, GenerateContentResponse } from "../../wire/GenerateContent.ts"
import type { Part } from "../../wire/Part.ts"
import * as AttemptClock from "../http/attemptClock.ts"
import type { CallSession } from "./callSessions.ts"
import * as LiveClose from "./close.ts"
import * as LiveModels from "./liveModels.ts"
import type { SetupProblem } from "./setupCheck.ts"

type Request = GeminiHttp.WithModel<GenerateContentRequest>

interface TurnPlan {
  readonly connect: ConnectOptions
  readonly before: ReadonlyArray<LiveProtocol.ClientMessage>
  readonly last: LiveProtocol.ClientMessage
}

/** The fields of a request that a session has no place for. */
const notLive = ["toolConfig", "cachedContent", "serviceTier", "store", "continuationToken"] as const

const isText = (part: Part): boolean => typeof part.text === "string"

/** A part of the user's turn as realtime input; `undefined` for a part that realtime input cannot carry. */
const realtime = (part: Part): LiveProtocol.ClientMessage | undefined => {
  const blob = part.inlineData
  if (!blob) return undefined
  if (blob.mimeType?.startsWith("audio/pcm")) return { realtimeInput: { audio: blob } }
  return blob.mimeType?.startsWith("image/") ? { realtimeInput: { video: blob } } : undefined
}

/** The user's last turn as realtime input, with everything before it as history. */
const spokenTo = (
  contents: ReadonlyArray<Content>
): Result.Result<Pick<TurnPlan, "before" | "last">, ReadonlyArray<SetupProblem>> => {
  const index = contents.length - 1
  const parts = contents[index]?.parts ?? []
  const text = parts.filter(isText).map(({ text }) => text ?? "").join("")
  const wrong: Array<SetupProblem> = []
  const media: Array<LiveProtocol.ClientMessage> = []
  parts.forEach((part, place) => {
    if (isText(part)) return
    const message = realtime(part)
    if (message !== undefined) return media.push(message)
    const description = "this model takes text, images and PCM audio over Live"
    return wrong.push({ field: `contents[${index}].parts[${place}]`, description })
  })
  if (text === "") {
    wrong.push({ field: `contents[${index}]`, description: "over Live a turn ends with text, and this one has none" })
  }
  if (wrong.length > 0) return Result.fail(wrong)
  const history = contents.slice(0, index)
  return Result.succeed({
    before: [
      ...history.length === 0 ? [] : [{ clientContent: { turns: history, turnComplete: true } }],
      ...media
    ],
    last: { realtimeInput: { text } }
  })
}

const plan = (request: Request): Result.Result<TurnPlan, ReadonlyArray<SetupProblem>> => {
  const { contents, generationConfig, labels, model, safetySettings, systemInstruction, tools } = request
  const wrong = notLive
    .filter((field) => request[field] !== undefined && request[field] !== null)
    .map((field) => ({ field, description: "is not part of the Live API" }))
  if (wrong.length > 0) return Result.fail(wrong)
  const isRealtime = LiveModels.of(model).text === "realtimeInput"
  const connect: ConnectOptions = {
    model,
    ping: false,
    ...(generationConfig ? { generationConfig } : {}),
    ...(systemInstruction ? { systemInstruction } : {}),
    ...(tools ? { tools } : {}),
    ...(safetySettings ? { safetySettings } : {}),
    ...(labels ? { labels } : {}),
    ...(isRealtime && contents.length > 1 ? { historyConfig: { initialHistoryInClientContent: true } } : {})
  }
  const messages = isRealtime
    ? spokenTo(contents)
    : Result.succeed({ before: [], last: { clientContent: { turns: contents, turnComplete: true } } })
  return Result.map(messages, (messages) => ({ connect, ...messages }))
}

/** The failure of a session as the error of the call that it carried. */
const toGemini = (method: string, model: string, error: LiveError): GeminiError => {
  const failure = (reason: Reason.GeminiErrorReason) => new GeminiError({ method, model, attempts: [], reason })
  const { code, reason } = error
  if (reason._tag === "InvalidSetup") {
    const isKeyMissing = reason.fields.some(({ description, field }) =>
      field === "apiKey" && description.startsWith("there is none")
    )
    if (isKeyMissing) return failure(new Reason.MissingApiKey())
    const fields = reason.fields.map(({ description, field }) => ({
      field: field.replace(/^setup\./, ""),
      description
    }))
    return failure(new Reason.InvalidRequest({ fields }))
  }
  if (LiveClose.isKeyRefused(reason)) return failure(new Reason.Unauthenticated({ description: reason.message }))
  return failure(new Reason.Live({ reason, ...(code === undefined ? {} : { code }) }))
}

export const make = (
  options: Pick<GeminiConfig.Options, "timeouts">,
  session: CallSession
): Service => {
  const run = (
    method: string,
    request: Request,
    call: GeminiHttp.AttemptOptions | undefined
  ): Stream.Stream<GenerateContentResponse, GeminiError> => {
    const planned = plan(request)
    const { model } = request
    if (Result.isFailure(planned)) {
      const reason = new Reason.InvalidRequest({ fields: planned.failure })
      return Stream.fail(new GeminiError({ method, model, attempts: [], reason }))
    }
    const { before, connect, last } = planned.success
    const timeout = call?.timeouts?.connect ?? options.timeouts?.connect
    const timeouts = timeout === undefined ? undefined : { connect: timeout }
    const turn = (onOpen: () => void) =>
      Stream.unwrap(
        Effect.map(session(connect, timeouts), (session) => {
          onOpen()
          return session.turn(before, last)
        })
      ).pipe(Stream.mapError((error) => toGemini(method, model, error)))
    const limits = AttemptClock.limits(options.timeouts, call?.timeouts)
    if (limits === undefined) return turn(() => undefined)
    return Stream.unwrap(Effect.gen(function*() {
      const clock = yield* AttemptClock.make({ method, model }, limits)
      const within = yield* AttemptClock.inScope(clock, yield* Effect.scope)
      return Stream.transformPull(
        turn(() => clock.deadlines.connected()),
        (pull) => Effect.succeed(within(AttemptClock.watched(clock, pull)))
      )
    }))
  }
  return LiveTransport.of({
    generateContent: (request, call) => Accumulate.accumulate(run("generateContent", request, call)),
    generateContentStream: (request, call) => run("generateContentStream", request, call)
  })
}
