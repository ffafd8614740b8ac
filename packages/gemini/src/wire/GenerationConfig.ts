/**
 * How an answer is generated: sampling, output format, speech, images, thinking.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { field, openName, record } from "../internal/wire/leaves.ts"
import { OpenApiSchema } from "./OpenApiSchema.ts"

/**
 * A voice: a prebuilt one by name, one cloned from a sample, or a created one
 * (`voices/…`). Audio is base64.
 *
 * @category schemas
 * @since 0.1.0
 */
export const VoiceConfig = Schema.Struct({
  prebuiltVoiceConfig: field(Schema.Struct({ voiceName: field(Schema.String) })),
  replicatedVoiceConfig: field(Schema.Struct({
    mimeType: field(Schema.String),
    voiceSampleAudio: field(Schema.String),
    consentAudio: field(Schema.String),
    voiceConsentSignature: field(Schema.Struct({ signature: field(Schema.String) }))
  })),
  voice: field(Schema.String)
})

/**
 * Who speaks in an audio answer, and in which language.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SpeechConfig = Schema.Struct({
  languageCode: field(Schema.String),
  voiceConfig: field(VoiceConfig),
  multiSpeakerVoiceConfig: field(Schema.Struct({
    speakerVoiceConfigs: field(Schema.Array(Schema.Struct({
      speaker: field(Schema.String),
      voiceConfig: field(VoiceConfig)
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
  includeThoughts: field(Schema.Boolean),
  thinkingBudget: field(Schema.Finite),
  thinkingLevel: field(openName<"MINIMAL" | "LOW" | "MEDIUM" | "HIGH" | "XHIGH">())
})

/**
 * The shape and size of generated images.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ImageConfig = Schema.Struct({
  aspectRatio: field(openName<"1:1" | "2:3" | "3:2" | "3:4" | "4:3" | "4:5" | "5:4" | "9:16" | "16:9" | "21:9">()),
  imageSize: field(openName<"512" | "1K" | "2K" | "4K">())
})

/**
 * The typed form of the output format (since August 2026).
 *
 * @category schemas
 * @since 0.1.0
 */
export const ResponseFormat = Schema.Struct({
  text: field(Schema.Struct({
    mimeType: field(openName<"APPLICATION_JSON" | "TEXT_PLAIN">()),
    schema: field(Schema.Unknown)
  })),
  audio: field(Schema.Struct({
    mimeType: field(
      openName<"AUDIO_MP3" | "AUDIO_OGG_OPUS" | "AUDIO_L16" | "AUDIO_WAV" | "AUDIO_ALAW" | "AUDIO_MULAW">()
    ),
    bitRate: field(Schema.Finite),
    sampleRate: field(Schema.Finite),
    delivery: field(openName<"INLINE" | "URI">())
  })),
  image: field(Schema.Struct({
    mimeType: field(openName<"IMAGE_JPEG">()),
    aspectRatio: field(openName<"ASPECT_RATIO_ONE_BY_ONE" | "ASPECT_RATIO_SIXTEEN_BY_NINE">()),
    imageSize: field(
      openName<"IMAGE_SIZE_FIVE_TWELVE" | "IMAGE_SIZE_ONE_K" | "IMAGE_SIZE_TWO_K" | "IMAGE_SIZE_FOUR_K">()
    ),
    delivery: field(openName<"INLINE" | "URI">())
  }))
})

/**
 * How audio is transcribed; `{}` switches transcription on.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AudioTranscriptionConfig = Schema.Struct({
  languageCodes: field(Schema.Array(Schema.String)),
  languageAuto: field(record(Schema.Unknown)),
  languageHints: field(Schema.Struct({ languageCodes: field(Schema.Array(Schema.String)) })),
  customVocabulary: field(Schema.Array(Schema.String)),
  adaptationPhrases: field(Schema.Array(Schema.String)),
  wordTimestamp: field(Schema.Boolean),
  diarization: field(Schema.Boolean),
  mode: field(openName<"VERBATIM" | "SMART">()),
  sourceText: field(Schema.String)
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
  temperature: field(Schema.Finite),
  topP: field(Schema.Finite),
  topK: field(Schema.Finite),
  candidateCount: field(Schema.Finite),
  maxOutputTokens: field(Schema.Finite),
  stopSequences: field(Schema.Array(Schema.String)),
  presencePenalty: field(Schema.Finite),
  frequencyPenalty: field(Schema.Finite),
  seed: field(Schema.Finite),
  responseMimeType: field(openName<"text/plain" | "application/json" | "text/x.enum">()),
  responseSchema: field(OpenApiSchema),
  responseJsonSchema: field(Schema.Unknown),
  _responseJsonSchema: field(Schema.Unknown),
  responseFormat: field(ResponseFormat),
  responseModalities: field(Schema.Array(openName<"TEXT" | "IMAGE" | "AUDIO" | "VIDEO">())),
  speechConfig: field(SpeechConfig),
  imageConfig: field(ImageConfig),
  thinkingConfig: field(ThinkingConfig),
  responseLogprobs: field(Schema.Boolean),
  logprobs: field(Schema.Finite),
  mediaResolution: field(
    openName<"MEDIA_RESOLUTION_LOW" | "MEDIA_RESOLUTION_MEDIUM" | "MEDIA_RESOLUTION_HIGH">()
  ),
  enableEnhancedCivicAnswers: field(Schema.Boolean),
  enableAffectiveDialog: field(Schema.Boolean),
  audioTranscriptionConfig: field(AudioTranscriptionConfig),
  translationConfig: field(Schema.Struct({
    targetLanguageCode: field(Schema.String),
    echoTargetLanguage: field(Schema.Boolean)
  }))
})

/**
 * @category models
 * @since 0.1.0
 */
export interface GenerationConfig extends Schema.Schema.Type<typeof GenerationConfig> {}
