/**
 * The HttpClient of FetchGemini does what Effect's own client on `fetch` does, but for redirects, which it does not
 * follow, and for bodies that stream, which it refuses.
 */
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Asked from "./askedPromise.ts"
import { fetchPromises, layerPromise, ownPromises } from "./fetchPromises.ts"
import * as PromiseServer from "./promiseServer.ts"

const clients = [
  ["FetchGemini's own", FetchGemini.layerHttpClient, [...fetchPromises, ...ownPromises]],
  ["Effect's own", FetchHttpClient.layer, fetchPromises]
] as const

describe.each(clients)("an HttpClient on fetch: %s", (_, layer, promises) => {
  for (const { answer, ask, name } of [...promises, layerPromise(layer)]) {
    it.live(name, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* ask(Asked.server(yield* PromiseServer.listen)), answer)
      }).pipe(Effect.provide(layer)))
  }
})
