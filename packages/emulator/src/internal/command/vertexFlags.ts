/** The command's flags for Vertex AI: which tokens are good, who logs in, and where tuned models are. */
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import type { VertexOptions } from "../../VertexOptions.ts"
import * as Named from "./named.ts"

const worths = ["valid", "expired", "invalid", "unscoped", "denied"] as const

/** Reads `1234567890=gemini-3.8-flash`. */
const endpoint = (text: string): Option.Option<readonly [id: string, model: string]> => {
  const [, id, model] = /^([\w-]+)=(?:models\/)?([^=/]+)$/.exec(text) ?? []
  return id === undefined || model === undefined ? Option.none() : Option.some([id, model])
}

export const vertexFlags = {
  tokens: Flag.String("tokens").pipe(
    Flag.withDescription(
      "TOKEN: only this access token, others so named and those that it gave out open Vertex AI; issued: only those; TOKEN=expired|invalid|unscoped|denied: refuses it, as Google does; default: any token"
    ),
    Flag.filterMap(
      Named.read(worths),
      () => "issued, TOKEN or TOKEN=HOW, where HOW is valid, expired, invalid, unscoped or denied"
    ),
    Flag.atLeast(0)
  ),
  endpoint: Flag.String("endpoint").pipe(
    Flag.withDescription("ID=MODEL: an endpoint of Vertex AI, and the model that answers there; default: none"),
    Flag.filterMap(endpoint, () => "ID=MODEL, such as 1234567890=gemini-3.8-flash"),
    Flag.atLeast(0)
  ),
  project: Flag.String("project").pipe(
    Flag.withDescription("the Google Cloud project that its metadata server names; default: emulator-project"),
    Flag.optional
  )
}

/** The options that the flags stand for. */
export const vertexOptions = (given: {
  readonly tokens: ReadonlyArray<Named.Named<typeof worths[number]>>
  readonly endpoint: ReadonlyArray<readonly [id: string, model: string]>
  readonly project: Option.Option<string>
}): VertexOptions => {
  const { tokens } = given
  // "issued" stands for no token: it only says that others than these and those that were given out are not good.
  const valid = Named.of(tokens, "valid")
  return {
    tokens: {
      ...(valid.length === 0 ? {} : { valid: valid.filter((name) => name !== "issued") }),
      expired: Named.of(tokens, "expired"),
      invalid: Named.of(tokens, "invalid"),
      unscoped: Named.of(tokens, "unscoped"),
      denied: Named.of(tokens, "denied")
    },
    endpoints: Object.fromEntries(given.endpoint),
    identity: { project: Option.getOrUndefined(given.project) }
  }
}
