import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as AuthTokens from "effect-gemini/live/AuthTokens"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { build } from "esbuild"
import type { Given, Told } from "../fixtures/browserPage.ts"
import * as Chromium from "./chromium.ts"

const model = "gemini-3.8-live"

const bundled = Effect.promise(async () => {
  const { outputFiles } = await build({
    entryPoints: [`${import.meta.dirname}/../fixtures/browserPage.ts`],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    logLevel: "silent"
  })
  return outputFiles.map(({ text }) => text).join("")
})

describe("a browser", () => {
  if (!Chromium.isInstalled) {
    it.skip(`${Chromium.skipReason}: no page talked to the server`, () => undefined)
    return
  }

  it.live("talks Live with an ephemeral token, once, and HTTP over fetch", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const { name } = yield* AuthTokens.AuthTokens.use((tokens) =>
        tokens.create({ liveConnectConstraints: { model } })
      ).pipe(Effect.provide(AuthTokens.layerFetch({ apiKey: Redacted.make("the-key"), baseUrl: emulator.url })))
      const given: Given = { baseUrl: emulator.url, model, token: Redacted.value(name), apiKey: "page-key" }

      const { origin, told } = yield* Chromium.open(yield* bundled, given)
      assert.deepStrictEqual<unknown>({ ...Object(told), again: undefined }, {
        asked: "asked over a WebSocket",
        streamed: (told as Told).streamed,
        again: undefined,
        http: "over fetch",
        httpStreamed: "piece by piece"
      })
      const { again, streamed } = told as Told
      assert.strictEqual(streamed.join(""), "one two three four five six seven")
      assert.isAbove(streamed.length, 2)
      assert.deepStrictEqual([again.reason, again.code], ["Handshake", 1008])
      assert.include(again.message, "invalid authentication credentials")
      assert.notInclude(again.message, "auth_tokens/")

      const sessions = yield* emulator.live.awaitClosed(2)
      assert.deepStrictEqual(
        sessions.map(({ apiMethod, closedBy, code, headers, version }) => [
          apiMethod,
          version,
          headers["origin"],
          code,
          closedBy
        ]),
        [
          ["bidiGenerateContentConstrained", "v1alpha", origin, 1000, "client"],
          ["bidiGenerateContentConstrained", "v1alpha", origin, 1008, "server"]
        ]
      )
      const calls = (yield* emulator.requests).filter(({ headers }) => headers["origin"] === origin)
      assert.deepStrictEqual(calls.map(({ apiMethod, status }) => [apiMethod, status]), [
        ["generateContent", 200],
        ["streamGenerateContent", 200]
      ])
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())))
})
