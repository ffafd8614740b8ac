/**
 * Live sessions of `@google/genai` 3.3 with `vertexai: true` and ours: the address, who asks, and the setup are equal, but
 * for what is named with its reason. Both log in by Google's own library at one metadata server.
 */
import { assert, describe, it } from "@effect/vitest"
import {
  EndSensitivity,
  GoogleGenAI,
  type LiveConnectConfig,
  MediaResolution,
  Modality,
  StartSensitivity
} from "@google/genai"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Vertex from "effect-gemini/Vertex"
import * as VertexAuth from "effect-gemini/VertexAuth"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LiveServer from "../live/liveServer.ts"
import * as MetadataServer from "./metadataServer.ts"

const model = "gemini-3.8-live"
const place = { project: "a-project", location: "europe-west1" }

MetadataServer.forFile()

/** The SDK ends a base URL that it is given with a slash, also before a path that begins with one. */
const once = (path: string | undefined) => path?.replace(/^\/\//, "/")

const asked = ({ received: [first], request: { headers, url } }: LiveServer.Peer) => ({
  path: once(url),
  authorization: headers.authorization,
  key: headers["x-goog-api-key"],
  setup: first?.["setup"]
})

const system = { role: "user", parts: [{ text: "Be brief." }] }
const declaration = {
  name: "page",
  description: "A page",
  parametersJsonSchema: { type: "object", properties: { n: { type: "integer" } } }
}
const speech = { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } }, languageCode: "de-DE" }
const hearing = {
  automaticActivityDetection: {
    startOfSpeechSensitivity: StartSensitivity.START_SENSITIVITY_LOW,
    endOfSpeechSensitivity: EndSensitivity.END_SENSITIVITY_HIGH,
    prefixPaddingMs: 20,
    silenceDurationMs: 300
  }
}
const window = { triggerTokens: "20000", slidingWindow: { targetTokens: "10000" } }
const settings = { temperature: 0.5, topP: 0.9, topK: 40, maxOutputTokens: 100, seed: 7 }

const pairs: ReadonlyArray<
  readonly [
    name: string,
    theirs: LiveConnectConfig | undefined,
    ours: GeminiLive.ConnectOptions,
    /** What ours sets up besides. */
    more?: object
  ]
> = [
  // Ours asks for the words of what is spoken, so that an answer has a text.
  ["nothing but a model", undefined, {}, { outputAudioTranscription: {} }],
  [
    "everything that both have",
    {
      ...settings,
      responseModalities: [Modality.AUDIO],
      mediaResolution: MediaResolution.MEDIA_RESOLUTION_LOW,
      speechConfig: speech,
      systemInstruction: system,
      tools: [{ functionDeclarations: [declaration] }, { googleSearch: {} }],
      realtimeInputConfig: hearing,
      contextWindowCompression: window,
      inputAudioTranscription: {},
      outputAudioTranscription: {}
    },
    {
      generationConfig: {
        ...settings,
        responseModalities: ["AUDIO"],
        mediaResolution: "MEDIA_RESOLUTION_LOW",
        speechConfig: speech
      },
      systemInstruction: system,
      tools: [{ functionDeclarations: [declaration] }, { googleSearch: {} }],
      realtimeInputConfig: hearing,
      contextWindowCompression: window,
      inputAudioTranscription: {},
      outputAudioTranscription: {}
    }
  ]
]

describe("Live sessions of the official SDK and ours are set up alike on Vertex AI", () => {
  for (const [name, theirs, ours, more] of pairs) {
    it.live(name, () =>
      Effect.gen(function*() {
        const server = yield* LiveServer.listen({ message: () => undefined })
        const sdk = new GoogleGenAI({ vertexai: true, ...place, httpOptions: { baseUrl: server.url } })
        const session = yield* Effect.promise(() =>
          sdk.live.connect({
            model,
            ...(theirs === undefined ? {} : { config: theirs }),
            callbacks: { onmessage: () => undefined }
          })
        )
        session.close()
        const live = Vertex.destination({ ...place, baseUrl: server.url }).pipe(
          Effect.map((destination) => NodeGemini.layerLive({ destination })),
          Layer.unwrap,
          Layer.provide(VertexAuth.layer())
        )
        yield* GeminiLive.GeminiLive.use((live) => live.connect({ model, ping: false, ...ours })).pipe(
          Effect.provide(live)
        )
        const [first, second] = server.peers
        if (first === undefined || second === undefined) return assert.fail("two sessions were expected")
        const { setup, ...expected } = asked(first)
        assert.deepStrictEqual(asked(second), { ...expected, setup: { ...Object(setup), ...more } })
      }).pipe(Effect.scoped))
  }
})
