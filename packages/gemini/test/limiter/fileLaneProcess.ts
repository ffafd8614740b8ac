/** A process of its own that asks a lane in a directory so often, at two a window, and closes. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileLaneStore from "effect-gemini/limits/FileLaneStore"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

const [directory = "", count = "0"] = process.argv.slice(2)
const limits = { rpm: 2, tpm: Infinity, rpd: Infinity, concurrency: Infinity }

const program = Effect.gen(function*() {
  const store = yield* FileLaneStore.make({ directory })
  const lane = store.open({
    project: "p/q",
    location: "global",
    quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-flash")),
    family: "generate"
  }, { window: 60_000, margin: 60 })
  const answers = yield* Effect.forEach(
    Array.from({ length: Number(count) }),
    () => lane.reserve({ limits, tokens: 1 }, Date.now())
  )
  return answers.filter(({ _tag }) => _tag === "Reserved").length
})

const taken = await Effect.runPromise(Effect.provide(Effect.scoped(program), NodeFileSystem.layer))
process.stdout.write(`took ${taken} of ${count}, closed\n`)
