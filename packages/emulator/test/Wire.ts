/** Requests as a client without a library sends them, and their answers as plain JSON. */
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"

export const flash = "gemini-3.8-flash"

export const prompt = (text: string) => ({ contents: [{ role: "user", parts: [{ text }] }] })

export const post = Effect.fnUntraced(function*(
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {}
) {
  const { url } = yield* Emulator.Emulator
  return yield* HttpClientRequest.post(`${url}${path}`).pipe(
    HttpClientRequest.setHeaders({ "x-goog-api-key": "key", ...headers }),
    HttpClientRequest.bodyJsonUnsafe(body),
    HttpClient.execute
  )
})

export interface Part {
  readonly text?: string
  readonly thought?: boolean
  readonly thoughtSignature?: string
  readonly functionCall?: { readonly id?: string; readonly name: string; readonly args: unknown }
  readonly inlineData?: { readonly mimeType: string; readonly data: string }
  readonly executableCode?: unknown
  readonly codeExecutionResult?: unknown
}

export interface Response {
  readonly candidates?: ReadonlyArray<{
    readonly content: { readonly parts?: ReadonlyArray<Part>; readonly role?: string }
    readonly finishReason?: string
    readonly index: number
    readonly groundingMetadata?: {
      readonly groundingSupports: ReadonlyArray<{
        readonly segment: { readonly startIndex?: number; readonly endIndex: number; readonly text: string }
      }>
    }
    readonly safetyRatings?: unknown
    readonly logprobsResult?: {
      readonly chosenCandidates: ReadonlyArray<{ readonly token: string }>
      readonly topCandidates?: ReadonlyArray<{ readonly candidates: ReadonlyArray<unknown> }>
    }
  }>
  readonly promptFeedback?: unknown
  readonly usageMetadata: Readonly<Record<string, unknown>> & {
    readonly promptTokenCount: number
    readonly candidatesTokenCount?: number
    readonly thoughtsTokenCount?: number
    readonly totalTokenCount: number
  }
}

export const generate = (body: unknown, model = flash) =>
  Effect.flatMap(
    post(`/v1beta/models/${model}:generateContent`, body),
    (response) => Effect.map(response.text, (text): Response => JSON.parse(text))
  )

export const stream = (body: unknown, model = flash) =>
  Effect.flatMap(
    post(`/v1beta/models/${model}:streamGenerateContent?alt=sse`, body),
    (response) =>
      Effect.map(response.text, (text): ReadonlyArray<Response> =>
        text.split("\r\n\r\n").filter((event) =>
          event !== ""
        ).map((event) => JSON.parse(event.slice("data: ".length))))
  )

export const parts = (response: Response | undefined, candidate = 0): ReadonlyArray<Part> =>
  response?.candidates?.[candidate]?.content.parts ?? []

export const text = (response: Response | undefined): string =>
  parts(response).map((part) => part.thought === true ? "" : part.text ?? "").join("")
