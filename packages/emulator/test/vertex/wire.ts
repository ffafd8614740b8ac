/** Requests to Vertex AI's paths, as a client without a library sends them. */
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"

export const flash = "gemini-3.8-flash"
export const home = "projects/my-project/locations/europe-west4"
export const model = (id: string = flash, location: string = home): string =>
  `${location}/publishers/google/models/${id}`

export interface Told {
  readonly status: number
  readonly text: string
  readonly body: {
    readonly error: {
      readonly code: number
      readonly message: string
      readonly status: string
      readonly details?: ReadonlyArray<Readonly<Record<string, unknown>>>
    }
    readonly [key: string]: unknown
  }
}

const told = (text: string, status: number): Told => {
  try {
    return { status, text, body: JSON.parse(text) }
  } catch {
    return { status, text, body: { error: { code: 0, message: "", status: "" } } }
  }
}

export const bearer = { authorization: "Bearer token" }

/** Sends a request below `/v1beta1/`, with a token unless other headers are given. */
export const ask = Effect.fnUntraced(function*(
  verb: "GET" | "POST" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = bearer
) {
  const { url } = yield* Emulator.Emulator
  const request = HttpClientRequest.make(verb)(`${url}/${path.startsWith("v1") ? path : `v1beta1/${path}`}`).pipe(
    HttpClientRequest.setHeaders(headers)
  )
  const response = yield* HttpClient.execute(
    body === undefined ? request : HttpClientRequest.bodyJsonUnsafe(request, body)
  )
  return told(yield* response.text, response.status)
})

export const post = (path: string, body: unknown, headers?: Readonly<Record<string, string>>) =>
  ask("POST", path, body, headers)

export const prompt = (text = "Hi") => ({ contents: [{ role: "user", parts: [{ text }] }] })

export const memory = (options?: Emulator.Options) => Effect.provide(Emulator.layerHttpClient(options), { local: true })
