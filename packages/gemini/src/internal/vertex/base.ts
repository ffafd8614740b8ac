/** The parts of a destination on Vertex AI: its address, its version, its sender, and where its quotas are counted. */
import * as Result from "effect/Result"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import * as Address from "../config/address.ts"
import type * as Destination from "../http/destination.ts"
import type { Credential } from "./credential.ts"
import * as Live from "./live.ts"
import * as Paths from "./paths.ts"
import * as Request from "./request.ts"
import * as Sender from "./sender.ts"

/** The version that `@google/genai` 3.3 asks (October 2026). */
export const defaultVersion = "v1beta1"

export interface Options {
  readonly place: Paths.ProjectLocation
  readonly credential: Credential
  readonly baseUrl: string | undefined
  readonly apiVersion: string | undefined
  readonly headers: Readonly<Record<string, string>>
  /** What is wrong with the options; every call fails with it. */
  readonly problem: GeminiConfig.Problem | undefined
}

/** One for all destinations on Vertex AI, so that a call over many members is judged once. */
const lacks: Destination.Base["lacks"] = ({ body }) => Request.lacking(body)

export const make = ({ apiVersion, baseUrl, credential, headers, place, problem }: Options): Destination.Base => {
  const { base, version = defaultVersion } = Address.of({ baseUrl: baseUrl ?? Paths.host(place), apiVersion })
  const prefix = Address.prefix({ base, version })
  return {
    provider: "gcp.vertex_ai",
    baseUrl: base,
    version,
    url: (path, root = "") => Address.prefix({ base: base + root, version }) + path,
    credential: () => Result.succeed({}),
    lacks,
    over: Sender.over({ base, prefix, place, credential, headers, problem }),
    live: Live.make({ base, version, place, credential, headers, problem }),
    home: { project: place.project ?? "express", location: place.location }
  }
}
