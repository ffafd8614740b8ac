/** An emulator that records: `node recorderProcess.ts FILE UPSTREAM`. It writes its URL, and runs until it is killed. */
import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const [file = "", upstream = ""] = process.argv.slice(2)

await Effect.runPromise(
  Effect.gen(function*() {
    const cassette = yield* Cassette.open({ file, mode: "record", upstream, allowRecord: true })
    const { url } = yield* Emulator.Emulator.pipe(
      Effect.provide(yield* Layer.build(Emulator.layerServer({ cassette })))
    )
    process.stdout.write(`${url}\n`)
    return yield* Effect.never
  }).pipe(Effect.scoped)
)
