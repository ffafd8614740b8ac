/** GeminiHttp keeps its promises over each transport of this process; `FetchRuntimes.test.ts` asks those of `fetch` elsewhere. */
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Asked from "./askedPromise.ts"
import { httpPromises } from "./httpPromises.ts"
import * as PromiseServer from "./promiseServer.ts"

const transports = [["FetchGemini", FetchGemini.layer], ["NodeGemini", NodeGemini.layerHttp]] as const

describe.each(transports)("GeminiHttp over %s", (_, transport) => {
  for (const { answer, ask, name } of httpPromises(transport)) {
    it.live(name, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* ask(Asked.server(yield* PromiseServer.listen)), answer)
      }))
  }
})
