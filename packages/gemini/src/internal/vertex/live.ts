/**
 * The Live API of Vertex AI: its address, who asks there, and the setup in its form, after `@google/genai` 3.3
 * (`Live.connect`, October 2026).
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Reason from "../../errors/LiveErrorReason.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import type { GeminiError } from "../../GeminiError.ts"
import * as Differences from "../http/apiDifferences.ts"
import type * as Destination from "../http/destination.ts"
import type { Credential } from "./credential.ts"
import * as Paths from "./paths.ts"

export interface Options {
  readonly base: string
  readonly version: string
  readonly place: Paths.ProjectLocation
  readonly credential: Credential
  /** The headers of every upgrade. */
  readonly headers: Readonly<Record<string, string>>
  readonly problem: GeminiConfig.Problem | undefined
}

/** The failure of who gives access tokens, as the end of a dial. */
const unreached = ({ reason }: GeminiError): Reason.LiveErrorReason =>
  reason._tag === "Unauthenticated"
    ? new Reason.Connection({ kind: "refused", status: 401, description: reason.message })
    : new Reason.Connection({ kind: "unreachable", description: reason.message })

export const make = ({ base, credential, headers, place, problem, version }: Options): Destination.LiveDoor => {
  const url = Redacted.make(
    // The version is a part of the service's name here, which cannot go without one.
    `${base.replace(/^http/, "ws")}/ws/google.cloud.aiplatform.${
      version || "v1beta1"
    }.LlmBidiService/BidiGenerateContent`
  )
  return {
    endpoint: (refused) =>
      Effect.mapBoth(refused === undefined ? credential.get : credential.renew(refused), {
        onFailure: unreached,
        onSuccess: (secret) => ({
          url,
          headers: Redacted.make({ ...headers, ...credential.payer(), ...credential.headers(secret) }),
          secret
        })
      }),
    setup: (setup) => ({ ...setup, model: Paths.wholeModel(place, setup.model) }),
    problems: (setup) => {
      if (problem !== undefined) return [problem]
      const found = Differences.find(Differences.geminiOnly, setup, "setup")
      return found === undefined
        ? []
        : [{ field: found.field, description: `is not supported on Vertex AI: ${found.instead}` }]
    }
  }
}
