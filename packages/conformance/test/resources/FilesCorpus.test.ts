/**
 * Recorded answers about files and operations, whole and in random pieces: what our services make of them.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Files from "effect-gemini/files/Files"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as FileWire from "effect-gemini/wire/File"
import * as Operation from "effect-gemini/wire/Operation"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { bytesOf, casesOf, playing, ways } from "./recordedAnswers.ts"

const cases = casesOf((op) => op === "files.upload" || op === "files.download" || op === "operations.get")

const layer = (baseUrl: string) =>
  Files.layer().pipe(
    Layer.provideMerge(ResourceHttp.layer({ apiKey: Redacted.make("key"), baseUrl, retry: { attempts: 1 } })),
    Layer.provide(NodeGemini.layerHttpClient())
  )

describe.skipIf(cases.length === 0)("a recorded answer is understood, whole and in pieces", () => {
  for (const recorded of cases) {
    for (const [how, size] of ways(recorded)) {
      it.live(`${recorded.op}: ${recorded.id}, ${how}`, () =>
        Effect.gen(function*() {
          const url = yield* playing(recorded, size)
          const body = recorded.response.body
          yield* Effect.gen(function*() {
            const files = yield* Files.Files
            if (recorded.op === "operations.get") {
              const http = yield* ResourceHttp.ResourceHttp
              const { value } = yield* http.ask({
                method: "operations.get",
                httpMethod: "GET",
                path: "models/m/operations/o",
                answer: Operation.Operation
              })
              return assert.deepStrictEqual<unknown>(value, body)
            }
            if (recorded.op === "files.download") {
              if (recorded.response.status !== 200) {
                const error = yield* Effect.flip(Stream.runDrain(files.download("files/a")))
                return assert.strictEqual(error.reason._tag, "InvalidResponse")
              }
              const got = Buffer.concat(yield* Stream.runCollect(files.download("files/a")))
              return assert.isTrue(got.equals(bytesOf(recorded)))
            }
            if (recorded.response.kind === "empty") {
              const progress = yield* files.uploadProgress(new Uint8Array(3), { mimeType: "text/plain" }).pipe(
                Stream.take(1),
                Stream.runCollect
              )
              return assert.deepInclude(progress[0]?.handle, { granularity: 8_388_608 })
            }
            const { file } = yield* files.upload(new Uint8Array(3), { mimeType: "application/pdf" })
            assert.deepStrictEqual<unknown>({ file }, body)
            assert.match(FileWire.sha256(file) ?? "", /^[0-9a-f]{64}$/)
            assert.strictEqual(FileWire.stateOf(file), "ACTIVE")
          }).pipe(Effect.provide(layer(url)))
        }))
    }
  }
})
