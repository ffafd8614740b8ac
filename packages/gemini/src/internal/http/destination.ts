/**
 * Says where requests go, and who asks: the only place that knows an address, an API version and a credential. By
 * default it is the Gemini API; another API is a value in the options (`Destination`), which brings its own code along,
 * so that a program without it carries nothing of it. Pure.
 */
import type * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { Unsupported } from "../../errors/GeminiErrorReason.ts"
import type { LiveErrorReason } from "../../errors/LiveErrorReason.ts"
import type * as LiveProtocol from "../../live/LiveProtocol.ts"
import * as Address from "../config/address.ts"
import { geminiProvider } from "../telemetry/recorder.ts"
import { lackedByGemini } from "./apiDifferences.ts"
import type { Sender } from "./attempt.ts"

/** The options that say where requests go. */
export interface Options extends Address.AddressOptions {
  readonly apiKey?: Redacted.Redacted<string> | undefined
  readonly destination?: Address.Destination | undefined
}

/** Why no request can be made: there is no key, or a header cannot hold it. */
export type KeyProblem = "missing" | "malformed"

/** An address with the credential of a session. Both may be secret, so that only the socket gets them. */
export interface Endpoint {
  readonly url: Redacted.Redacted<string>
  readonly headers: Redacted.Redacted<Readonly<Record<string, string>> | undefined>
  /** The secret, which no message may quote. */
  readonly secret: Redacted.Redacted<string>
}

/** How sessions of the Live API are opened. */
export interface LiveDoor {
  /** The endpoint of the next dial; `refused` is the secret that the server has just refused. */
  readonly endpoint: (refused?: Redacted.Redacted<string>) => Effect.Effect<Endpoint, LiveErrorReason>
  /** The setup in the form of this API. */
  readonly setup: (setup: LiveProtocol.Setup) => LiveProtocol.Setup
  /** The fields of a setup that this API does not have. */
  readonly problems: (
    setup: LiveProtocol.Setup
  ) => ReadonlyArray<{ readonly field: string; readonly description: string }>
}

/** The parts of a destination. */
export interface Base {
  /** The name that OpenTelemetry's conventions give to who is asked: `gcp.gemini`, `gcp.vertex_ai`. */
  readonly provider: string
  /** The base URL without a slash at its end, and without the API version. */
  readonly baseUrl: string
  /** The API version. It is empty if paths have none, and undefined if nobody named one. */
  readonly version: string | undefined
  /**
   * The address of a path, which stands after the API version and may have a query: `models/x:generateContent`. `root`
   * is the part before the version: `/upload`.
   */
  readonly url: (path: string, root?: string) => string
  /** The headers that say who asks. */
  readonly credential: () => Result.Result<Readonly<Record<string, string>>, KeyProblem>
  /**
   * Makes the sender of this destination out of one that sends attempts as they are: it gives them the paths, bodies and
   * credentials of its API, reads its answers as those of the Gemini API, and refuses what its API does not have.
   */
  readonly over?: (sender: Sender) => Sender
  /**
   * Why a call cannot be made there, whose body has a field, or whose model or method a name, that this API lacks. It is
   * refused before anything is sent; over members another one is asked then.
   */
  readonly lacks: (call: { readonly method: string; readonly model: string; readonly body: unknown }) =>
    | Unsupported
    | undefined
  /** The project and location that every call goes to, if the destination has them. */
  readonly home?: { readonly project: string; readonly location: string } | undefined
  readonly live?: LiveDoor | undefined
}

/** The header of the key, which is never shown. */
export const keyHeader = "x-goog-api-key"

const visibleAscii = /^[\x21-\x7e]+$/

/** The key, if a header can hold it. */
export const keyOf = ({ apiKey }: Options): Result.Result<string, KeyProblem> => {
  const key = apiKey === undefined ? "" : Redacted.value(apiKey)
  return visibleAscii.test(key) ? Result.succeed(key) : Result.fail(key === "" ? "missing" : "malformed")
}

/** The Gemini API, which takes a key and the paths of its documentation. */
const gemini = (options: Options): Base => {
  const { base, version } = Address.of(options)
  return {
    provider: geminiProvider,
    lacks: lackedByGemini,
    baseUrl: base,
    version,
    url: (path, root = "") => Address.prefix({ base: base + root, version }) + path,
    credential: () => Result.map(keyOf(options), (key) => ({ [keyHeader]: key }))
  }
}

/** Only this library makes destinations, by `make`. */
const isBase = (parts: unknown): parts is Base => parts !== undefined

/** A destination of these parts. */
export const make = (base: Base): Address.Destination => () => base

/** The parts of a client's destination. */
export const of = (options: Options, parts = options.destination?.()): Base => isBase(parts) ? parts : gemini(options)
