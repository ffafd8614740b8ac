/**
 * The messages of the Live API as they are on the wire: one JSON object in each frame.
 *
 * The server writes pretty-printed JSON into binary frames, and several keys may share
 * one message; the client writes compact JSON into text frames. Keys and enum values
 * that this version does not know are kept. Names in snake_case, which the server takes
 * too, are not what it sends.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Utf8 from "../internal/http/utf8.ts"
import { isPlain } from "../internal/live/plainMessage.ts"
import * as Guard from "../internal/wire/guard.ts"
import { enumField, field, numeric, openName, Struct } from "../internal/wire/leaves.ts"
import { Content } from "../wire/Content.ts"
import { AudioTranscriptionConfig, GenerationConfig } from "../wire/GenerationConfig.ts"
import { GroundingMetadata, UrlContextMetadata } from "../wire/Grounding.ts"
import { AudioTranscription, Blob, FunctionCall, FunctionResponse } from "../wire/Part.ts"
import { SafetySetting } from "../wire/Safety.ts"
import { Tool } from "../wire/Tool.ts"
import { count, ModalityTokenCount, type ServiceTier, type UsageMetadata } from "../wire/Usage.ts"

const Empty = Struct
const wholeNumber = field(Schema.Union([Schema.Finite, Schema.String]))

/**
 * How the server finds out that somebody speaks. Times are in milliseconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RealtimeInputConfig = Schema.Struct({
  automaticActivityDetection: field(Schema.Struct({
    disabled: field(Schema.Boolean),
    startOfSpeechSensitivity: field(openName<"START_SENSITIVITY_HIGH" | "START_SENSITIVITY_LOW">()),
    endOfSpeechSensitivity: field(openName<"END_SENSITIVITY_HIGH" | "END_SENSITIVITY_LOW">()),
    prefixPaddingMs: field(Schema.Finite),
    silenceDurationMs: field(Schema.Finite)
  })),
  activityHandling: field(openName<"START_OF_ACTIVITY_INTERRUPTS" | "NO_INTERRUPTION">()),
  turnCoverage: field(
    openName<
      "TURN_INCLUDES_ONLY_ACTIVITY" | "TURN_INCLUDES_ALL_INPUT" | "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO"
    >()
  )
})

/**
 * When and how the oldest context is dropped, so that a session may last. Token counts are int64.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ContextWindowCompression = Schema.Struct({
  triggerTokens: wholeNumber,
  slidingWindow: field(Schema.Struct({ targetTokens: wholeNumber }))
})

/**
 * The first message of a session. `model` is a resource name (`models/…`).
 *
 * @category schemas
 * @since 0.1.0
 */
export const Setup = Schema.Struct({
  model: Schema.String,
  generationConfig: field(GenerationConfig),
  systemInstruction: field(Content),
  tools: field(Schema.Array(Tool)),
  realtimeInputConfig: field(RealtimeInputConfig),
  sessionResumption: field(Schema.Struct({ handle: field(Schema.String), transparent: field(Schema.Boolean) })),
  contextWindowCompression: field(ContextWindowCompression),
  inputAudioTranscription: field(AudioTranscriptionConfig),
  outputAudioTranscription: field(AudioTranscriptionConfig),
  proactivity: field(
    Schema.Struct({ proactiveAudio: field(Schema.Boolean), proactiveVideo: field(Schema.Boolean) })
  ),
  safetySettings: field(Schema.Array(SafetySetting)),
  avatarConfig: field(Empty),
  labels: field(Schema.Record(Schema.String, Schema.String)),
  historyConfig: field(Schema.Struct({ initialHistoryInClientContent: field(Schema.Boolean) }))
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Setup extends Schema.Schema.Type<typeof Setup> {}

/**
 * A client message. Each message has exactly one of the keys.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ClientMessage = Schema.Struct({
  setup: field(Setup),
  clientContent: field(
    Schema.Struct({ turns: field(Schema.Array(Content)), turnComplete: field(Schema.Boolean) })
  ),
  realtimeInput: field(Schema.Struct({
    audio: field(Blob),
    video: field(Blob),
    text: field(Schema.String),
    activityStart: field(Empty),
    activityEnd: field(Empty),
    audioStreamEnd: field(Schema.Boolean),
    mediaChunks: field(Schema.Array(Blob))
  })),
  toolResponse: field(Schema.Struct({ functionResponses: field(Schema.Array(FunctionResponse)) })),
  contextUpdate: field(Schema.Struct({
    systemInstruction: field(Content),
    tools: field(Schema.Struct({ tools: field(Schema.Array(Tool)) }))
  }))
})

/**
 * @category models
 * @since 0.1.0
 */
export interface ClientMessage extends Schema.Schema.Type<typeof ClientMessage> {}

const details = field(Schema.Array(ModalityTokenCount))

/**
 * `usageMetadata` of the Live API, which counts the tokens of the answer as `responseTokenCount`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const LiveUsageMetadata = Schema.Struct({
  promptTokenCount: numeric,
  cachedContentTokenCount: numeric,
  responseTokenCount: numeric,
  toolUsePromptTokenCount: numeric,
  thoughtsTokenCount: numeric,
  totalTokenCount: numeric,
  promptTokensDetails: details,
  cacheTokensDetails: details,
  responseTokensDetails: details,
  toolUsePromptTokensDetails: details,
  serviceTier: enumField<ServiceTier>()
})

/**
 * @category models
 * @since 0.1.0
 */
export interface LiveUsageMetadata extends Schema.Schema.Type<typeof LiveUsageMetadata> {}

/**
 * What the model says, and the state of its turn.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ServerContent = Schema.Struct({
  modelTurn: field(Content),
  generationComplete: field(Schema.Boolean),
  turnComplete: field(Schema.Boolean),
  interrupted: field(Schema.Boolean),
  inputTranscription: field(AudioTranscription),
  interimInputTranscription: field(AudioTranscription),
  outputTranscription: field(AudioTranscription),
  groundingMetadata: field(GroundingMetadata),
  urlContextMetadata: field(UrlContextMetadata),
  turnCompleteReason: enumField<"MALFORMED_FUNCTION_CALL" | "RESPONSE_REJECTED" | "NEED_MORE_INPUT">(),
  waitingForInput: field(Schema.Boolean),
  interactionStatus: enumField<"IN_PROGRESS" | "REQUIRES_ACTION" | "IDLE">()
})

/**
 * @category models
 * @since 0.1.0
 */
export interface ServerContent extends Schema.Schema.Type<typeof ServerContent> {}

/**
 * A server message. Durations are strings like `"9s"`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ServerMessage = Schema.Struct({
  setupComplete: field(Schema.Struct({ sessionId: field(Schema.String), voiceConsentSignature: field(Empty) })),
  serverContent: field(ServerContent),
  toolCall: field(Schema.Struct({ functionCalls: field(Schema.Array(FunctionCall)) })),
  toolCallCancellation: field(Schema.Struct({ ids: field(Schema.Array(Schema.String)) })),
  usageMetadata: field(LiveUsageMetadata),
  goAway: field(Schema.Struct({ timeLeft: field(Schema.String) })),
  sessionResumptionUpdate: field(Schema.Struct({
    newHandle: field(Schema.String),
    resumable: field(Schema.Boolean),
    lastConsumedClientMessageIndex: numeric
  })),
  voiceActivity: field(Schema.Struct({
    voiceActivityType: enumField<"ACTIVITY_START" | "ACTIVITY_END">(),
    audioOffset: field(Schema.String)
  })),
  voiceActivityDetectionSignal: field(
    Schema.Struct({ vadSignalType: enumField<"VAD_SIGNAL_TYPE_SOS" | "VAD_SIGNAL_TYPE_EOS">() })
  )
})

/**
 * @category models
 * @since 0.1.0
 */
export interface ServerMessage extends Schema.Schema.Type<typeof ServerMessage> {}

const guardServer = Guard.make(ServerMessage)
const guardSetup = Guard.make(Setup)

/**
 * The place at which a message does not have the expected shape.
 *
 * @category models
 * @since 0.1.0
 */
export interface Mismatch {
  /** The path of the field in the message; an empty text is the message itself. */
  readonly path: string
  readonly expected: string
}

/**
 * The message in a server's frame, text or binary. It is the parsed object itself, with all its keys.
 *
 * ```ts
 * import * as LiveProtocol from "effect-gemini/live/LiveProtocol"
 * import * as Result from "effect/Result"
 *
 * const frame = new TextEncoder().encode('{\n  "goAway": { "timeLeft": "9s" }\n}\n')
 * const message = Result.getOrThrow(LiveProtocol.decode(frame))
 * message.goAway?.timeLeft // => "9s"
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const decode = (frame: string | Uint8Array): Result.Result<ServerMessage, Mismatch> => {
  const text = typeof frame === "string" ? frame : Utf8.decodeBody(frame)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return Result.fail({ path: "", expected: "JSON" })
  }
  return isPlain(value) ? Result.succeed(value) : guardServer(value)
}

/**
 * A client message as the text of its frame.
 *
 * @category conversions
 * @since 0.1.0
 */
export const encode = (message: ClientMessage): string => JSON.stringify(message)

/**
 * The value as a setup, or the place at which it is not one.
 *
 * @category guards
 * @since 0.1.0
 */
export const decodeSetup = (value: unknown): Result.Result<Setup, Mismatch> => guardSetup(value)

/**
 * The usage under the names that generateContent has for it.
 *
 * @category conversions
 * @since 0.1.0
 */
export const usageMetadata = (usage: LiveUsageMetadata): UsageMetadata => {
  const { responseTokenCount, responseTokensDetails, ...same } = usage
  return {
    ...same,
    ...(responseTokenCount === undefined ? {} : { candidatesTokenCount: responseTokenCount }),
    ...(responseTokensDetails === undefined ? {} : { candidatesTokensDetails: responseTokensDetails })
  }
}

/**
 * A duration of the wire (`"9s"`, `"1.25s"`) in milliseconds, if it is one.
 *
 * @category conversions
 * @since 0.1.0
 */
export const millis = (duration: string | null | undefined): number | undefined => {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(duration ?? "")?.[1]
  return seconds === undefined ? undefined : count(seconds) * 1000
}
