import { assert, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"

const long = 1 << 18

it.live.each([" ".repeat(long), `word${" ".repeat(long)}`, "x".repeat(long)])(
  "a long answer of blanks, or of no sentence, takes no time in the square of its length",
  (answer) =>
    Effect.gen(function*() {
      const from = process.cpuUsage()
      for (const method of ["generateContent", "streamGenerateContent?alt=sse"]) {
        const request = yield* HttpClientRequest.post(`http://emulator/v1beta/models/gemini-3.8-flash:${method}`).pipe(
          HttpClientRequest.setHeader("x-goog-api-key", "key"),
          HttpClientRequest.bodyJson({
            contents: [{ role: "user", parts: [{ text: "Hi" }] }],
            tools: [{ googleSearch: {} }],
            generationConfig: { responseLogprobs: true, maxOutputTokens: 65_536 }
          })
        )
        const response = yield* HttpClient.execute(request)
        assert.strictEqual(response.status, 200)
        assert.isAbove((yield* response.text).length, 0)
      }
      const { system, user } = process.cpuUsage(from)
      assert.isBelow((user + system) / 1000, 5_000)
    }).pipe(Effect.provide(Emulator.layerHttpClient({ answers: () => answer })))
)
