/**
 * `gemini-fx emulator`: a local Gemini API until Ctrl-C.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as ModelTable from "effect-gemini-emulator/ModelTable"
import * as Recorded from "effect-gemini-emulator/Recorded"
import { CommandFailed } from "./CommandFailed.ts"

const flags = {
  port: Flag.Int("port").pipe(
    Flag.withAlias("p"),
    Flag.withDescription("0 takes any free port"),
    Flag.withDefault(8790)
  ),
  host: Flag.String("host").pipe(Flag.withDescription("the address to listen on"), Flag.withDefault("127.0.0.1")),
  chunkDelay: Flag.Int("chunk-delay").pipe(
    Flag.withDescription("milliseconds between two chunks of a stream"),
    Flag.withDefault(0)
  ),
  seed: Flag.String("seed").pipe(
    Flag.withDescription("generated answers follow from the request and this"),
    Flag.withDefault("")
  ),
  quotas: Flag.Literals("quotas", ["free", "tier1", "tier2", "tier3"]).pipe(
    Flag.withDescription("keep the published limits of a tier"),
    Flag.optional
  ),
  recorded: Flag.String("recorded").pipe(
    Flag.withDescription("a folder of recorded exchanges to answer from; the rest is generated"),
    Flag.optional
  ),
  anyModel: Flag.Boolean("any-model").pipe(
    Flag.withDescription("take every model name for a model"),
    Flag.withDefault(false)
  )
}

export const emulatorCommand = Command.make(
  "emulator",
  flags,
  Effect.fnUntraced(function*({ anyModel, chunkDelay, host, port, quotas, recorded, seed }) {
    const answers = Option.isNone(recorded)
      ? undefined
      : yield* Effect.mapError(
        Recorded.load(recorded.value, { otherwise: "generate" }),
        (error) => new CommandFailed({ exitCode: 2, text: error.message })
      )
    const server = Emulator.layerServer({
      port,
      host,
      chunkDelay,
      seed,
      answers,
      // Nobody reads the log here; it must not grow for days.
      remember: 0,
      quotas: Option.getOrUndefined(quotas),
      models: anyModel ? { ...ModelTable.current, acceptAnyModel: true } : undefined
    })
    return yield* Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      yield* Console.log(`Gemini API on ${url}; any key is taken. Point a client there with`)
      yield* Console.log(`  export GEMINI_BASE_URL=${url} GOOGLE_GEMINI_BASE_URL=${url} GEMINI_API_KEY=emulator`)
      return yield* Effect.never
    }).pipe(
      Effect.provide(server),
      Effect.catchTag("EmulatorError", (error) => Effect.fail(new CommandFailed({ exitCode: 1, text: error.message })))
    )
  })
).pipe(Command.withDescription("A local Gemini API, for clients in any language"))
