/**
 * `gemini-fx run FILE`: plays a narrative and writes its text as it comes.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Narrative from "effect-gemini-narrative/Narrative"

/** Google when there is a key, the embedded emulator when there is none; said before anything is sent. */
const server = Effect.gen(function*() {
  const environment = yield* GeminiConfig.fromEnvironment()
  if (environment.apiKey !== undefined) {
    const url = environment.baseUrl ?? GeminiConfig.defaultBaseUrl
    yield* Console.log(`server: ${url}, with the API key of the environment; Google may bill this key`)
    return NodeGemini.layerHttp(environment)
  }
  yield* Console.log("server: embedded emulator on 127.0.0.1; no API key is set, nothing leaves this machine")
  return Layer.unwrap(
    Effect.map(
      Emulator.Emulator,
      ({ url }) => NodeGemini.layerHttp({ apiKey: Redacted.make("emulator"), baseUrl: url, tier: "tier3" })
    )
  ).pipe(Layer.provide(Emulator.layerServer({ chunkDelay: 30 })))
})

export const runCommand = Command.make(
  "run",
  {
    file: Argument.String("file").pipe(Argument.withDescription("the narrative, in TOML")),
    model: Flag.String("model").pipe(
      Flag.withAlias("m"),
      Flag.withDescription("one model for every act"),
      Flag.optional
    ),
    stream: Flag.Boolean("stream").pipe(Flag.withDescription("write the text as it comes, not act by act"))
  },
  Effect.fnUntraced(function*({ file, model, stream }) {
    const stdio = yield* Stdio.Stdio
    const narrative = yield* Narrative.fromFile(file)
    const write = (text: string) => Stream.run(Stream.make(text), stdio.stdout({ endOnDone: false }))
    yield* Narrative.executeStream(narrative, { model: Option.getOrUndefined(model) }).pipe(
      Stream.runForEach((event) => {
        switch (event._tag) {
          case "ActStarted":
            return write(`\n== ${event.act}${event.model === undefined ? "" : ` (${event.model})`}\n`)
          case "Chunk":
            return stream ? write(event.text) : Effect.void
          case "ActFinished":
            return write(
              `${stream ? "" : event.result.text}\n-- ${event.result.model}: ${
                event.result.usage?.totalTokens ?? 0
              } tokens\n`
            )
          case "Waiting":
          case "Retrying":
          case "NarrativeFinished":
            return Effect.void
        }
      }),
      Effect.provide(Layer.unwrap(server))
    )
  })
).pipe(Command.withDescription("Play a narrative"))
