/**
 * How an answer is generated: sampling, output format, speech, images, thinking.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { openName } from "./internal/wire.ts"
import { OpenApiSchema } from "./OpenApiSchema.ts"

const optional = Schema.optional

/**
 * A voice: a prebuilt one by name, one cloned from a sample, or a created one
 * (`voices/…`). Audio is base64.
 *
 * @category schemas
 * @since 0.1.0
 */
export const VoiceConfig = Schema.Struct({
  prebuiltVoiceConfig: optional(Schema.Struct({ voiceName: optional(Schema.String) })),
  replicatedVoiceConfig: optional(Schema.Struct({
    mimeType: optional(Schema.String),
    voiceSampleAudio: optional(Schema.String),
    consentAudio: optional(Schema.String),
    voiceConsentSignature: optional(Schema.Struct({ signature: optional(Schema.String) }))
  })),
  voice: optional(Schema.String)
})

/**
 * Who speaks in an audio answer, and in which language.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SpeechConfig = Schema.Struct({
  languageCode: optional(Schema.String),
  voiceConfig: optional(VoiceConfig),
  multiSpeakerVoiceConfig: optional(Schema.Struct({
    speakerVoiceConfigs: optional(Schema.Array(Schema.Struct({
      speaker: optional(Schema.String),
      voiceConfig: optional(VoiceConfig)
    })))
  }))
})

/**
 * How much the model thinks: `thinkingLevel` for the 3.x models, `thinkingBudget` in
 * tokens (-1 dynamic, 0 off) for 2.5; both together are refused.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ThinkingConfig = Schema.Struct({
  includeThoughts: optional(Schema.Boolean),
  thinkingBudget: optional(Schema.Finite),
  thinkingLevel: optional(openName<"MINIMAL" | "LOW" | "MEDIUM" | "HIGH">())
})

/**
 * The shape and size of generated images.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ImageConfig = Schema.Struct({
  aspectRatio: optional(openName<"1:1" | "2:3" | "3:2" | "3:4" | "4:3" | "4:5" | "5:4" | "9:16" | "16:9" | "21:9">()),
  imageSize: optional(openName<"512" | "1K" | "2K" | "4K">())
})

/**
 * The typed form of the output format (since August 2026).
 *
 * @category schemas
 * @since 0.1.0
 */
export const ResponseFormat = Schema.Struct({
  text: optional(Schema.Struct({
    mimeType: optional(openName<"APPLICATION_JSON" | "TEXT_PLAIN">()),
    schema: optional(Schema.Unknown)
  })),
  audio: optional(Schema.Struct({
    mimeType: optional(
      openName<"AUDIO_MP3" | "AUDIO_OGG_OPUS" | "AUDIO_L16" | "AUDIO_WAV" | "AUDIO_ALAW" | "AUDIO_MULAW">()
    ),
    bitRate: optional(Schema.Finite),
    sampleRate: optional(Schema.Finite),
    delivery: optional(openName<"INLINE" | "URI">())
  })),
  image: optional(Schema.Struct({
    mimeType: optional(openName<"IMAGE_JPEG">()),
    aspectRatio: optional(openName<"ASPECT_RATIO_ONE_BY_ONE" | "ASPECT_RATIO_SIXTEEN_BY_NINE">()),
    imageSize: optional(
      openName<"IMAGE_SIZE_FIVE_TWELVE" | "IMAGE_SIZE_ONE_K" | "IMAGE_SIZE_TWO_K" | "IMAGE_SIZE_FOUR_K">()
    ),
    delivery: optional(openName<"INLINE" | "URI">())
  }))
})

/**
 * How audio is transcribed; `{}` switches transcription on.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AudioTranscriptionConfig = Schema.Struct({
  languageCodes: optional(Schema.Array(Schema.String)),
  languageAuto: optional(Schema.Record(Schema.String, Schema.Unknown)),
  languageHints: optional(Schema.Struct({ languageCodes: optional(Schema.Array(Schema.String)) })),
  customVocabulary: optional(Schema.Array(Schema.String)),
  adaptationPhrases: optional(Schema.Array(Schema.String)),
  wordTimestamp: optional(Schema.Boolean),
  diarization: optional(Schema.Boolean),
  mode: optional(openName<"VERBATIM" | "SMART">()),
  sourceText: optional(Schema.String)
})

/**
 * Generation settings, as the wire has them. `temperature` is in [0, 2], at most five
 * `stopSequences`, `seed` is an int32, `logprobs` in [0, 20]. Give `responseSchema`
 * (OpenAPI subset) or `responseJsonSchema` (JSON Schema), not both.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GenerationConfig = Schema.Struct({
  temperature: optional(Schema.Finite),
  topP: optional(Schema.Finite),
  topK: optional(Schema.Finite),
  candidateCount: optional(Schema.Finite),
  maxOutputTokens: optional(Schema.Finite),
  stopSequences: optional(Schema.Array(Schema.String)),
  presencePenalty: optional(Schema.Finite),
  frequencyPenalty: optional(Schema.Finite),
  seed: optional(Schema.Finite),
  responseMimeType: optional(openName<"text/plain" | "application/json" | "text/x.enum">()),
  responseSchema: optional(OpenApiSchema),
  responseJsonSchema: optional(Schema.Unknown),
  _responseJsonSchema: optional(Schema.Unknown),
  responseFormat: optional(ResponseFormat),
  responseModalities: optional(Schema.Array(openName<"TEXT" | "IMAGE" | "AUDIO" | "VIDEO">())),
  speechConfig: optional(SpeechConfig),
  imageConfig: optional(ImageConfig),
  thinkingConfig: optional(ThinkingConfig),
  responseLogprobs: optional(Schema.Boolean),
  logprobs: optional(Schema.Finite),
  mediaResolution: optional(
    openName<"MEDIA_RESOLUTION_LOW" | "MEDIA_RESOLUTION_MEDIUM" | "MEDIA_RESOLUTION_HIGH">()
  ),
  enableEnhancedCivicAnswers: optional(Schema.Boolean),
  enableAffectiveDialog: optional(Schema.Boolean),
  audioTranscriptionConfig: optional(AudioTranscriptionConfig),
  translationConfig: optional(Schema.Struct({
    targetLanguageCode: optional(Schema.String),
    echoTargetLanguage: optional(Schema.Boolean)
  }))
})

/**
 * @category models
 * @since 0.1.0
 */
export interface GenerationConfig extends Schema.Schema.Type<typeof GenerationConfig> {}
