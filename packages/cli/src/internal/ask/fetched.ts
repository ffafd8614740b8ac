/** Fetches what a person attached by its address: without any key, within bounds of size and time. */
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import { CommandFailed } from "../CommandFailed.ts"
import { bounded } from "./Attachment.ts"

const failed = (text: string) => new CommandFailed({ exitCode: 1, text })

const unfetched = (from: string) => ({ reason }: HttpClientError): CommandFailed => {
  const cause = "cause" in reason && reason.cause instanceof Error ? reason.cause.cause ?? reason.cause : undefined
  const said = cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : ""
  return failed(`${from}: cannot be fetched${said}\n  fetch it yourself, and pipe it: curl … | gemini-fx ask -a -`)
}

export const fetched = (from: string, url: URL): Effect.Effect<Uint8Array, CommandFailed> =>
  Effect.gen(function*() {
    const response = yield* Effect.mapError(HttpClient.get(url), unfetched(from))
    if (response.status < 200 || response.status > 299) {
      return yield* failed(`${from}: the server answers ${response.status}`)
    }
    return yield* bounded(from, response.stream).pipe(
      Effect.catchTag("HttpClientError", (error) => Effect.fail(unfetched(from)(error)))
    )
  }).pipe(
    Effect.timeoutOrElse({
      duration: "1 minute",
      orElse: () => Effect.fail(failed(`${from}: did not come within a minute`))
    }),
    Effect.provide(FetchHttpClient.layer)
  )
