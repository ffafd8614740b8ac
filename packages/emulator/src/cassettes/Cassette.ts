/**
 * Records what really goes over the wire, with the secrets taken out, and plays it back to the byte: HTTP and Live, any
 * path, every cut where it was and every end as it was.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Deck from "../internal/cassettes/Deck.ts"
import type * as Carrier from "../internal/live/carrier.ts"
import type * as ExchangeOf from "../internal/server/exchange.ts"
import type { Rule } from "../Rule.ts"
import type { CassetteError } from "./CassetteError.ts"
import type * as Recording from "./Recording.ts"

/**
 * What a cassette is for.
 *
 * - `replay`: what is recorded is played, and anything else is refused
 * - `new`: what is recorded is played, and anything else is asked and recorded behind it
 * - `record`: everything is asked and recorded anew; what the file held is gone
 * - `once`: `record` where there is no file yet, else `replay`
 * - `pass`: everything is asked, and nothing is recorded
 *
 * @category options
 * @since 0.2.0
 */
export type Mode = "replay" | "new" | "record" | "once" | "pass"

/**
 * Which secrets are taken out. The headers, the queries and the addresses are taken by lists of what is harmless, always.
 *
 * @category options
 * @since 0.2.0
 */
export interface Redaction {
  /** The names of the rules for bodies. Default: all of `Cassette.rules`. */
  readonly rules?: ReadonlyArray<string> | undefined
  /** Texts that are secret wherever they stand, of at least six characters. */
  readonly values?: ReadonlyArray<Redacted.Redacted<string>> | undefined
  /** Environment variables whose values are secret. Default: those whose names say so: KEY, TOKEN, SECRET, PASSWORD. */
  readonly variables?: ReadonlyArray<string> | undefined
  /** Patterns of your own. They take the time that they take: mind those that repeat what repeats. */
  readonly patterns?: ReadonlyArray<RegExp> | undefined
  /** Fields that go whole, by the names that lead there without the places in lists: `contents.parts.text`. */
  readonly paths?: ReadonlyArray<string> | undefined
}

/**
 * Where a cassette lies, and how it is used.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  readonly file: string
  /** Default `replay`. */
  readonly mode?: Mode | undefined
  /** The server that is asked: `https://generativelanguage.googleapis.com`, or another emulator. */
  readonly upstream?: string | undefined
  /**
   * The key for the upstream, where the client sends none of its own. It is in no line of the cassette. A server that
   * holds one answers no page of another origin, since any of them could spend it.
   */
  readonly upstreamKey?: Redacted.Redacted<string> | undefined
  /** Whether anything may be asked where the variable CI is set. Default false. */
  readonly allowRecord?: boolean | undefined
  /**
   * When a request is the recorded one: `strict` by method, path and body; `loose` without ids and times, and then by
   * the conversation; `order` by method and path, one after the other. Default `strict`.
   */
  readonly match?: "strict" | "loose" | "order" | undefined
  /** Fields of the body that `loose` does not look at: `generationConfig.seed`. */
  readonly ignore?: ReadonlyArray<string> | undefined
  /** `none` plays at once, `recorded` as it was, a number so many times as fast. Default `none`. */
  readonly timing?: "none" | "recorded" | number | undefined
  readonly redaction?: Redaction | undefined
  /**
   * How large the cassette may become, in bytes, with the pieces beside it. What comes after that is answered and not
   * recorded, and counted. Default 268 435 456.
   */
  readonly limit?: number | undefined
  /** What a person runs to record what is missing, as messages name it. Default: a command of `effect-gemini-emulator`. */
  readonly again?: string | undefined
}

/**
 * How a cassette stands.
 *
 * @category models
 * @since 0.2.0
 */
export interface CassetteSummary {
  readonly file: string
  readonly mode: Mode
  readonly exchanges: number
  readonly played: number
  readonly recorded: number
  /** How many were not recorded, because the cassette has no room. */
  readonly dropped: number
  /** How many were asked for that are not in the cassette. */
  readonly missed: number
  /** Why they are not, in words. At most the last hundred. */
  readonly misses: ReadonlyArray<string>
  /** The recordings that nobody has asked for: method and path. */
  readonly unused: ReadonlyArray<string>
  /** The size of the file with the pieces beside it, and the largest that it may have. */
  readonly bytes: number
  readonly limit: number
  /** The server that is asked, if one is. */
  readonly upstream?: string | undefined
  /** The line at the end of the file that was torn when it was opened. */
  readonly torn?: number | undefined
}

/**
 * An open cassette, for the option `cassette` of an emulator or of a space.
 *
 * @category models
 * @since 0.2.0
 */
export interface Cassette {
  readonly summary: Effect.Effect<CassetteSummary>
  /**
   * Answers a request. `refused` is told why, if it is not in the cassette.
   *
   * @internal
   */
  readonly handle: (
    incoming: ExchangeOf.Incoming,
    refused: (why: string) => void
  ) => Effect.Effect<ExchangeOf.Exchange>
  /**
   * What the log may keep of a request.
   *
   * @internal
   */
  readonly redacted: {
    readonly body: (body: Uint8Array) => Uint8Array
    readonly path: (path: string) => string
    readonly headers: (headers: Readonly<Record<string, string | undefined>>) => Record<string, string>
  }
  /**
   * Whether answers may come from an upstream, and so hold secrets still.
   *
   * @internal
   */
  readonly asks: boolean
  /**
   * Whether calls of clients without a key are asked with one of its own.
   *
   * @internal
   */
  readonly holdsKey: boolean
  /**
   * Answers the upgrade to a Live session. `refused` is told why, if the session is not in the cassette.
   *
   * @internal
   */
  readonly handleLive: (
    incoming: Carrier.IncomingUpgrade,
    refused: (why: string) => void
  ) => Effect.Effect<Carrier.Upgrade>
}

/**
 * Where a cassette lies and how it is used, and how it is opened: what `setCassette` takes, here and for an emulator of
 * another process, which opens it itself.
 *
 * @category models
 * @since 0.2.0
 */
export interface CassetteSource {
  readonly options: Options
  readonly open: Effect.Effect<Cassette, CassetteError, Scope.Scope>
}

/**
 * A cassette that is to be opened.
 *
 * @category constructors
 * @since 0.2.0
 */
export const at = (options: Options): CassetteSource => ({ options, open: Deck.open(options) })

/**
 * The rules for bodies: their names, and what each takes out.
 *
 * @category options
 * @since 0.2.0
 */
export const rules: ReadonlyArray<{ readonly name: string; readonly what: string }> = Deck.rules

/**
 * Opens a cassette until the scope ends. Fails with a `CassetteError` where the file cannot be read or written, where a
 * mode needs an upstream that is not given, and where CI forbids to ask.
 *
 * @example
 * ```ts
 * import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
 * import * as Emulator from "effect-gemini-emulator/Emulator"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * // Plays what is in the file, on a port of this machine.
 * const server = Layer.unwrap(
 *   Effect.map(Cassette.open({ file: "weather.cassette.jsonl" }), (cassette) => Emulator.layerServer({ cassette }))
 * )
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const open: (options: Options) => Effect.Effect<Cassette, CassetteError, Scope.Scope> = Deck.open

/**
 * The exchanges of a file, in the order in which they ended. Fails with a `CassetteError` that names the line.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read: (file: string) => Effect.Effect<ReadonlyArray<Recording.Recording>, CassetteError> = Deck.read

/**
 * The secrets that are left in a file, by the rules: each with the number of its line, its kind, and its place. The
 * secret itself is not told. Fails with a `CassetteError` where the file cannot be read.
 *
 * @category getters
 * @since 0.2.0
 */
export const check: (
  file: string,
  redaction?: Redaction
) => Effect.Effect<
  ReadonlyArray<{ readonly line: number; readonly kind: string; readonly where: string }>,
  CassetteError
> = Deck.check

/**
 * Rules to edit, made of what a file holds: who asks with these words gets this reply. `skipped` says what no rule says,
 * with its line. Fails with a `CassetteError` where the file cannot be read.
 *
 * @category getters
 * @since 0.2.0
 */
export const scenario: (
  file: string
) => Effect.Effect<
  {
    readonly scenario: { readonly otherwise: "refuse"; readonly rule: ReadonlyArray<Rule> }
    readonly skipped: ReadonlyArray<string>
  },
  CassetteError
> = Deck.scenario
