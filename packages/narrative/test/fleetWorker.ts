/**
 * A worker of a fleet in a process of its own. It says on stdout when it is ready, and ends in order at SIGTERM. The
 * database's address is in its environment.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as ClusterRuns from "effect-gemini-narrative/ClusterRuns"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"

const [url = ""] = process.argv.slice(2)

const gemini = GeminiClient.layer({ baseUrl: url, apiKey: Redacted.make("test-key"), tier: "tier3" }).pipe(
  Layer.provide(FetchHttpClient.layer)
)

const worker = ClusterRuns.layerNode({ url: Redacted.make(process.env["DATABASE"] ?? "") }).pipe(
  Layer.provide(gemini),
  Layer.provide(Logger.layer([Logger.make(({ logLevel, message }) => {
    if (process.env["VERBOSE"] !== undefined) process.stderr.write(`${logLevel} ${JSON.stringify(message)}\n`)
  })]))
)

NodeRuntime.runMain(
  Effect.scoped(Effect.gen(function*() {
    yield* Layer.build(worker)
    process.stdout.write("ready\n")
    return yield* Effect.never
  })),
  { disableErrorReporting: false }
)
