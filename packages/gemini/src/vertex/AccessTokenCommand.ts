/**
 * Access tokens from a command, such as `gcloud auth print-access-token`: on a developer's machine, and wherever a
 * program of your own gives them.
 *
 * The command is run without a shell, and its output is the token, or JSON that holds it: an OAuth answer
 * (`{ "access_token", "expires_in" }`) or what `gcloud config config-helper --format=json` writes. What it writes to
 * stderr is quoted when it fails, without anything that looks like a credential.
 *
 * It needs a `ChildProcessSpawner`, which `NodeServices.layer` of `@effect/platform-node` has.
 *
 * @since 0.3.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { GeminiError } from "../GeminiError.ts"
import * as TokenErrors from "../internal/vertex/tokenErrors.ts"
import * as AccessToken from "./AccessToken.ts"

/**
 * Which command gives the tokens, and for how long they are good.
 *
 * @category options
 * @since 0.3.0
 */
export interface TokenCommandOptions extends AccessToken.RenewalOptions {
  /** The command and its arguments. Default `["gcloud", "auth", "print-access-token"]`. */
  readonly command?: readonly [command: string, ...args: ReadonlyArray<string>] | undefined
  /** How long a token is used whose output does not say its end. Default 5 minutes. */
  readonly lifetime?: Duration.Input | undefined
}

/** The most characters of an output that are read. */
const longest = 65_536

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The token in an output, with its end if the output says it; `undefined` if there is none. */
const tokenIn = (output: string, now: number): AccessToken.FetchedToken | undefined => {
  const text = output.trim()
  const json = parsed(text)
  if (!isObject(json)) return /^[\x21-\x7e]+$/.test(text) ? { token: Redacted.make(text) } : undefined
  const { credential } = json
  const { access_token: token, expires_in: seconds, token_expiry: end } = isObject(credential) ? credential : json
  if (typeof token !== "string") return undefined
  const until = typeof end === "string" ? Date.parse(end) : NaN
  const expiresAt = typeof seconds === "number" ? now + seconds * 1_000 : Number.isNaN(until) ? undefined : until
  return { token: Redacted.make(token), expiresAt }
}

/** What a command says of its failure: its last line, shortened, without a credential. */
const lastWords = (stderr: string): string => {
  const line = TokenErrors.words(stderr.trim().split("\n").at(-1) ?? "")
  return line === "" ? "" : `: ${line}`
}

const text = <E>(stream: Stream.Stream<Uint8Array, E>): Effect.Effect<string, E> =>
  stream.pipe(
    Stream.decodeText(),
    Stream.runFold(() => "", (all, piece) => (all + piece).slice(0, longest + 1))
  )

const run = Effect.fnUntraced(function*(
  [command, ...args]: readonly [string, ...ReadonlyArray<string>],
  lifetime: number
): Effect.fn.Return<AccessToken.FetchedToken, GeminiError, ChildProcessSpawner> {
  const spawner = yield* ChildProcessSpawner
  const shown = JSON.stringify(command)
  const output = yield* Effect.scoped(Effect.gen(function*() {
    const process = yield* spawner.spawn(ChildProcess.make(command, args, { stdin: "ignore" }))
    const [stdout, stderr, code] = yield* Effect.all([text(process.stdout), text(process.stderr), process.exitCode], {
      concurrency: "unbounded"
    })
    return { stdout, stderr, code: Number(code) }
  })).pipe(
    Effect.mapError(({ reason }) =>
      reason._tag === "NotFound"
        ? TokenErrors.unauthenticated(
          `the command ${shown}, which gives access tokens, was not found: install it, or name it by its path`
        )
        : TokenErrors.unreached(`the command ${shown}, which gives access tokens, cannot be run: ${reason._tag}`)
    )
  )
  if (output.code !== 0) {
    const login = command === "gcloud" ? ". Log in by: gcloud auth login" : ""
    return yield* TokenErrors.unauthenticated(
      `the command ${shown}, which gives access tokens, ended with ${output.code}${lastWords(output.stderr)}${login}`
    )
  }
  const now = yield* Clock.currentTimeMillis
  const found = output.stdout.length > longest ? undefined : tokenIn(output.stdout, now)
  if (found !== undefined) return { ...found, expiresAt: found.expiresAt ?? now + lifetime }
  return yield* TokenErrors.unauthenticated(
    `the command ${shown} gave no access token: expected the token alone, or JSON with access_token, as its output`
  )
})

/**
 * Tokens from a command. It is run again when a server refuses a token.
 *
 * ```ts
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import * as AccessTokenCommand from "effect-gemini/vertex/AccessTokenCommand"
 * import * as Layer from "effect/Layer"
 *
 * const gcloud = AccessTokenCommand.layer().pipe(Layer.provide(NodeServices.layer))
 * ```
 *
 * @category layers
 * @since 0.3.0
 */
export const layer = (
  options: TokenCommandOptions = {}
): Layer.Layer<AccessToken.AccessToken, never, ChildProcessSpawner> => {
  const { command = ["gcloud", "auth", "print-access-token"] as const } = options
  const lifetime = Duration.toMillis(Duration.fromInputUnsafe(options.lifetime ?? "5 minutes"))
  return AccessToken.layer(() => run(command, lifetime), options)
}
