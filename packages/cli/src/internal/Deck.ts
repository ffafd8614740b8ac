/**
 * The cassette that GEMINI_CASSETTE names: what the embedded server plays in place of Google, or records of it. It is
 * read here for all commands, and its code is loaded where there is one.
 */
import type * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { CommandFailed } from "./CommandFailed.ts"
import { shortened } from "./setup/places.ts"

/** An open cassette. */
export class Deck extends Context.Service<Deck, Cassette.Cassette>()("effect-gemini-cli/Deck") {}

export type Chosen =
  /** All that is asked is in the file, or is refused. */
  | { readonly _tag: "Played"; readonly file: string; readonly deck: Layer.Layer<Deck> }
  /** A server is asked, and what it says is written down. */
  | {
    readonly _tag: "Recorded"
    readonly file: string
    readonly mode: Cassette.Mode
    /** The server that the environment names for it, if any. */
    readonly upstream: string | undefined
    readonly deck: (upstream: string) => Effect.Effect<Layer.Layer<Deck>, CommandFailed>
  }

const modes = ["replay", "new", "record", "once", "pass"] as const
const matches = ["strict", "loose", "order"] as const

const variables = Config.all({
  file: Config.option(Config.String("GEMINI_CASSETTE")),
  mode: Config.Literals(modes, "GEMINI_CASSETTE_MODE").pipe(Config.withDefault("replay" as const)),
  match: Config.Literals(matches, "GEMINI_CASSETTE_MATCH").pipe(Config.withDefault("strict" as const)),
  upstream: Config.option(Config.String("GEMINI_CASSETTE_UPSTREAM")),
  allowRecord: Config.Boolean("GEMINI_CASSETTE_ALLOW_RECORD").pipe(Config.withDefault(false))
})

/** What the environment says. Undefined: no cassette. */
export const chosen: Effect.Effect<Chosen | undefined, CommandFailed | Config.ConfigError> = Effect.gen(function*() {
  const { allowRecord, file: named, match, mode, upstream } = yield* variables
  if (Option.isNone(named) || named.value === "") return undefined
  const file = named.value
  const { open } = yield* Effect.promise(() => import("effect-gemini-emulator/cassettes/Cassette"))
  const failed = (error: { readonly message: string }) =>
    new CommandFailed({ exitCode: 2, text: `GEMINI_CASSETTE: ${error.message}` })
  const { existsSync } = yield* Effect.promise(() => import("node:fs"))
  const again = "the same command with GEMINI_CASSETTE_MODE=new"
  if (mode === "replay" || mode === "once" && existsSync(file)) {
    // A cassette that is only played holds nothing open.
    const deck = yield* Effect.mapError(Effect.scoped(open({ file, match, again })), failed)
    return { _tag: "Played", file, deck: Layer.succeed(Deck, deck) }
  }
  return {
    _tag: "Recorded",
    file,
    mode,
    upstream: Option.getOrUndefined(upstream),
    deck: Effect.fnUntraced(function*(upstream: string) {
      const options = { file, match, again, upstream, allowRecord }
      // A mode that touches no file says what is wrong before anything is done.
      yield* Effect.mapError(Effect.scoped(open({ ...options, mode: "pass" })), failed)
      let isFirst = true
      return Layer.effect(
        Deck,
        Effect.suspend(() => {
          // What this command has recorded is not thrown away by its next client.
          const now = isFirst || mode === "pass" ? mode : "new"
          isFirst = false
          return Effect.orDie(Effect.mapError(open({ ...options, mode: now }), failed))
        })
      )
    })
  }
})

/** What a person reads of it on the first line. */
export const saysOf = ({ _tag, file }: Chosen): string =>
  _tag === "Played"
    ? `server: the cassette ${shortened(file)}, played; nothing leaves this machine`
    : `what is said is recorded in ${shortened(file)}`
