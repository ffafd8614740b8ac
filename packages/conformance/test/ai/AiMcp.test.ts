/** Tools of a real MCP server, started here, called by a model of the emulator. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as GeminiMcp from "effect-gemini-ai/GeminiMcp"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as McpClient from "effect/ai/McpClient"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { fileURLToPath } from "node:url"

const program = fileURLToPath(
  new URL("../../node_modules/@modelcontextprotocol/server-everything/dist/index.js", import.meta.url)
)

const everything = Layer.effect(
  McpClient.McpClient,
  McpClient.make({ name: "effect-gemini-tests", version: "0.0.0" })
).pipe(
  Layer.provide(Layer.effect(
    McpClient.Transport,
    McpClient.stdio({
      command: ChildProcess.make(process.execPath, [program, "stdio"]),
      protocol: McpProtocol.v2025_11_25
    })
  )),
  Layer.provide(NodeServices.layer)
)

const services = GeminiLanguageModel.layer({ model: "gemini-3.8-flash" }).pipe(
  Layer.provideMerge(GeminiClient.layer({ apiKey: Redacted.make("key"), tier: "tier3" })),
  Layer.provideMerge(Emulator.layerHttpClient())
)

type Json = Readonly<Record<string, unknown>>

const declared = Effect.gen(function*() {
  const { requests } = yield* Emulator.Emulator
  const body = (yield* requests).at(-1)?.body as { readonly tools: ReadonlyArray<Json> }
  return body.tools.flatMap((tool) => tool["functionDeclarations"] as ReadonlyArray<{ readonly name: string }>)
})

const call = (name: string, args: Json) => ({
  response: {
    candidates: [{
      content: { role: "model", parts: [{ functionCall: { name, args }, thoughtSignature: "c2ln" }] },
      finishReason: "STOP"
    }]
  }
})

describe("MCP servers", () => {
  it.live(
    "are one toolkit: names mapped, schemas taken, results and failures told, the loss of a server typed",
    () =>
      Effect.gen(function*() {
        const [first, second] = [yield* Scope.make(), yield* Scope.make()]
        const connect = (scope: Scope.Scope) =>
          Effect.map(
            Layer.buildWithScope(everything, scope),
            (context) => McpClient.McpClient.pipe(Effect.provide(context))
          )
            .pipe(Effect.flatten)
        const toolkit = yield* GeminiMcp.toolkit({
          "every/": yield* connect(first),
          "the second server, with a prefix that is longer than any name may be: ": yield* connect(second)
        })
        const { enqueue } = yield* Emulator.Emulator
        yield* enqueue("hello")
        yield* LanguageModel.generateText({ prompt: "hi", toolkit })
        const names = (yield* declared).map(({ name }) => name)
        assert.strictEqual(new Set(names).size, Object.keys(toolkit.tools).length)
        for (const name of names) assert.match(name, /^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/)
        const echo = names.find((name) => name.startsWith("every_echo"))
        assert.isDefined(echo)

        yield* enqueue(call(echo ?? "", { message: "over the wire" }))
        const said = yield* LanguageModel.generateText({ prompt: "hi", toolkit })
        const [result] = said.toolResults
        assert.strictEqual(result?.name, "every/echo")
        assert.include(JSON.stringify(result?.modelOutput), "over the wire")

        yield* enqueue(call(echo ?? "", { message: 7 }))
        const refused = yield* LanguageModel.generateText({ prompt: "hi", toolkit })
        assert.isTrue(refused.toolResults[0]?.isFailure)

        yield* Scope.close(first, Exit.void)
        yield* enqueue(call(echo ?? "", { message: "anyone?" }))
        const lost = yield* LanguageModel.generateText({ prompt: "hi", toolkit })
        const [failed] = lost.toolResults
        assert.isTrue(failed?.isFailure)
        assert.deepInclude(failed?.result, { server: "every/", reason: "ClosedError" })
        yield* Scope.close(second, Exit.void)
      }).pipe(Effect.provide(services)),
    60_000
  )
})
