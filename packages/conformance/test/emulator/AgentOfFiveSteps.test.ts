import * as Scenario from "effect-gemini-emulator/Scenario"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Accumulate from "effect-gemini/call/Accumulate"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as NodeGemini from "effect-gemini/NodeGemini"
import type { GenerateContentResponse } from "effect-gemini/wire/GenerateContent"
import * as Part from "effect-gemini/wire/Part"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

// The scenario and the agent of packages/foreign-clients, where other clients and languages have them, by our client.

const model = "gemini-3.8-flash"
const file = fileURLToPath(new URL("../../../foreign-clients/examples/agent.toml", import.meta.url))

let emulator: Awaited<ReturnType<typeof Standalone.start>>
beforeAll(async () => {
  const scenario = await Effect.runPromise(Scenario.load(file))
  emulator = await Standalone.start({ scenario, strictSignatures: true })
})
afterAll(() => emulator.stop())

const parametersOf = (...names: ReadonlyArray<string>) => ({
  type: "object",
  properties: Object.fromEntries(names.map((name) => [name, { type: "string" }]))
})
const tools = [{
  functionDeclarations: [
    { name: "get_weather", parametersJsonSchema: parametersOf("city") },
    { name: "send_mail", parametersJsonSchema: parametersOf("to", "body") }
  ]
}]

type Contents = ReadonlyArray<NonNullable<NonNullable<GenerateContentResponse["candidates"]>[number]["content"]>>

const agent = Effect.fnUntraced(function*(isStreamed: boolean) {
  const gemini = yield* GeminiClient.GeminiClient
  const calls: Array<readonly [name: string | null | undefined, args: unknown]> = []
  let contents: Contents = [{ role: "user", parts: [{ text: "Where is it warmer?" }] }]
  for (let step = 0; step < 10; step++) {
    const request = { contents, tools }
    const response = isStreamed
      ? Accumulate.fromChunks(
        (yield* Stream.runCollect(gemini.generateStream(request))).map(({ response }) => response)
      )
      : (yield* gemini.generate(request)).response
    const content = response.candidates?.[0]?.content
    const parts = content?.parts ?? []
    const asked = parts.flatMap(({ functionCall }) => functionCall ?? [])
    if (content === undefined || content === null || asked.length === 0) {
      return { calls, text: parts.map(({ text, thought }) => thought === true ? "" : text ?? "").join("") }
    }
    calls.push(...asked.map(({ args, name }) => [name, args] as const))
    contents = [...contents, content, {
      role: "user",
      parts: asked.map((call) =>
        Part.functionResponse(call, call.name === "get_weather" ? { celsius: 7 } : { ok: true })
      )
    }]
  }
  return { calls, text: "it never came to an end" }
})

describe("the agent of five steps with two tools, by ours", () => {
  for (const [name, isStreamed] of [["whole", false], ["streamed", true]] as const) {
    it(name, async () => {
      const space = emulator.space(name)
      const layer = NodeGemini.layerHttp({
        apiKey: Redacted.make("any"),
        baseUrl: space.url,
        defaultModel: model,
        tier: "tier3"
      })
      assert.deepStrictEqual(await Effect.runPromise(Effect.provide(agent(isStreamed), layer)), {
        text: "Told grace@example.com.",
        calls: [
          ["get_weather", { city: "Berlin" }],
          ["get_weather", { city: "Rome" }],
          ["send_mail", { to: "ada@example.com", body: "Rome is warmer." }],
          ["send_mail", { to: "grace@example.com", body: "Ask Ada, please." }]
        ]
      })
      assert.strictEqual(space.check().text, "All is well: 5 requests.")
    })
  }
})
