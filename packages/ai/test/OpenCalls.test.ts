import { assert, describe, it } from "@effect/vitest"
import * as GeminiTool from "effect-gemini-ai/GeminiTool"
import * as Chat from "effect/ai/Chat"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { answer, bodies, call, contents, type Json, partsOf, record, services, signature } from "./scripted.ts"

const Quick = Tool.make("quick", { success: Schema.String })
const Slow = Tool.make("slow", { success: Schema.String })
const Ask = Tool.make("ask", {
  parameters: Schema.Struct({ at: Schema.Date }),
  success: Schema.String,
  needsApproval: true
})
const toolkit = Toolkit.make(Quick, Slow, Ask)

const scripted = (...answers: ReadonlyArray<ReadonlyArray<Json>>) => {
  let n = 0
  return services({ answers: () => answer(answers[n++] ?? [{ text: `answer ${n}` }]) })
}

const handlers = (running?: Deferred.Deferred<void>) =>
  toolkit.toLayer({
    quick: () => Effect.succeed("done"),
    slow: () =>
      Effect.andThen(running === undefined ? Effect.void : Deferred.succeed(running, undefined), Effect.never),
    ask: ({ at }) => Effect.succeed(at instanceof Date ? "carried out" : "no Date")
  })

const at = { at: "2026-01-02T03:04:05.000Z" }

const stored = (chat: Chat.Chat) =>
  Effect.flatMap(Effect.orDie(chat.exportJson), (json) => Effect.orDie(Chat.fromJson(json)))

const approve = (id: string, approved = true, reason?: string) =>
  Prompt.fromMessages([
    Prompt.makeMessage("tool", {
      content: [Prompt.makePart("tool-approval-response", { approvalId: id, approved, reason })]
    })
  ])

const approvalIds = (content: ReadonlyArray<Response.AnyPart>): ReadonlyArray<string> =>
  content.flatMap((part) => part.type === "tool-approval-request" ? [part.approvalId] : [])

/** The last request in short: roles, and of each part its text, its call or the result by its name. */
const shape = Effect.map(
  contents,
  (all) =>
    all.map((content) =>
      `${String(content["role"])}: ${
        partsOf(content).map((part) => {
          const { name, response } = record(part["functionResponse"])
          if (name !== undefined) {
            const error = record(record(response)["error"])["type"]
            return `${String(name)} = ${error === undefined ? JSON.stringify(response) : String(error)}`
          }
          const called = record(part["functionCall"])["name"]
          return called === undefined ? String(part["text"]) : `${String(called)}()`
        }).join(", ")
      }`
    )
)

describe("a call without a result", () => {
  const stops: ReadonlyArray<readonly [string, ReadonlyArray<Json>, ReadonlyArray<string>]> = [
    ["the only one", [call("slow", {}, "1", signature)], ["slow = execution-interrupted"]],
    ["one without an id on the wire", [call("slow", {}, undefined, signature)], ["slow = execution-interrupted"]],
    [
      "the second of two",
      [call("quick", {}, "1", signature), call("slow", {}, "2")],
      [`quick = {"output":"done"}`, "slow = execution-interrupted"]
    ],
    [
      "the first of two",
      [call("slow", {}, "1", signature), call("quick", {}, "2")],
      ["slow = execution-interrupted", `quick = {"output":"done"}`]
    ],
    [
      "both",
      [call("slow", {}, "1", signature), call("slow", {}, "2")],
      ["slow = execution-interrupted", "slow = execution-interrupted"]
    ]
  ]

  for (const isStored of [false, true]) {
    it.effect.each(stops)(
      `stopped in mid-tool is told to the model${isStored ? ", stored too" : ""}: %s`,
      ([, parts, told]) =>
        Effect.gen(function*() {
          const running = yield* Deferred.make<void>()
          const calls = parts.map((part) => `${String(record(part["functionCall"])["name"])}()`).join(", ")
          yield* Effect.gen(function*() {
            let chat: Chat.Chat = yield* Chat.empty
            const done = yield* Deferred.make<void>()
            const fiber = yield* chat.streamText({ prompt: "go", toolkit }).pipe(
              Stream.runForEach((part) =>
                part.type === "tool-result" ? Deferred.succeed(done, undefined) : Effect.void
              ),
              Effect.forkChild({ startImmediately: true })
            )
            yield* Deferred.await(running)
            if (told.some((said) => said.startsWith("quick"))) yield* Deferred.await(done)
            yield* Fiber.interrupt(fiber)
            if (isStored) chat = yield* stored(chat)
            assert.strictEqual((yield* chat.generateText({ prompt: "never mind", toolkit })).text, "answer 2")
            assert.deepStrictEqual(yield* shape, [
              "user: go",
              `model: ${calls}`,
              `user: ${told.join(", ")}`,
              "user: never mind"
            ])
            if (isStored) chat = yield* stored(chat)
            yield* Stream.runDrain(chat.streamText({ prompt: "and again", toolkit }))
            assert.deepStrictEqual((yield* shape).slice(-2), ["model: answer 2", "user: and again"])
          }).pipe(Effect.provide([scripted(parts), handlers(running)]))
        })
    )
  }

  it.effect("that nobody approved is told to the model as such, and may still be approved later", () =>
    Effect.gen(function*() {
      const chat = yield* Chat.empty
      const asked = yield* chat.generateText({ prompt: "go", toolkit })
      const [id = ""] = approvalIds(asked.content)
      yield* chat.generateText({ prompt: "something else", toolkit })
      assert.deepStrictEqual(yield* shape, [
        "user: go",
        "model: ask()",
        "user: ask = approval-pending",
        "user: something else"
      ])
      const later = yield* stored(chat)
      assert.strictEqual((yield* later.generateText({ prompt: approve(id), toolkit })).text, "answer 3")
      assert.deepStrictEqual(yield* shape, [
        "user: go",
        "model: ask()",
        `user: ask = {"output":"carried out"}`,
        "user: something else",
        "model: answer 2"
      ])
    }).pipe(Effect.provide([scripted([call("ask", at, "1", signature)]), handlers()])))

  it.effect("of two approvals one is answered at a time", () =>
    Effect.gen(function*() {
      const chat = yield* Chat.empty
      const asked = yield* chat.generateText({ prompt: "go", toolkit })
      const [first = "", second = ""] = approvalIds(asked.content)
      yield* chat.generateText({ prompt: approve(second), toolkit })
      assert.deepStrictEqual((yield* shape).at(-1), `user: ask = approval-pending, ask = {"output":"carried out"}`)
      const later = yield* stored(chat)
      yield* Stream.runDrain(later.streamText({ prompt: approve(first, false, "too late"), toolkit }))
      assert.deepStrictEqual(yield* shape, [
        "user: go",
        "model: ask(), ask()",
        `user: ask = execution-denied, ask = {"output":"carried out"}`,
        "model: answer 2"
      ])
    }).pipe(Effect.provide([scripted([call("ask", at, "1", signature), call("ask", at, "2")]), handlers()])))

  it.effect("waits for an approval beside one that was run", () =>
    Effect.gen(function*() {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "go", toolkit })
      yield* (yield* stored(chat)).generateText({ prompt: "so?", toolkit })
      assert.deepStrictEqual((yield* shape)[2], `user: ask = approval-pending, quick = {"output":"done"}`)
    }).pipe(Effect.provide([scripted([call("ask", at, "1", signature), call("quick", {}, "2")]), handlers()])))

  it.effect("to a remote server, stopped before the server answered, is closed as well", () => {
    const remote = Toolkit.make(
      GeminiTool.McpServers({
        servers: [{ name: "docs", streamableHttpTransport: { url: "https://docs.example/mcp" } }]
      })
    )
    return Effect.gen(function*() {
      const chat = yield* Chat.fromPrompt([
        { role: "user", content: "go" },
        {
          role: "assistant",
          content: [{
            type: "tool-call",
            id: "1",
            name: "McpServers",
            params: { name: "find", args: {} },
            providerExecuted: true,
            options: { google: { part: call("find", {}, "1", signature) as Schema.JsonObject } }
          }]
        }
      ])
      yield* chat.generateText({ prompt: "so?", toolkit: remote })
      assert.deepStrictEqual((yield* shape)[2], "user: find = execution-interrupted")
    }).pipe(Effect.provide(scripted([{ text: "fine" }])))
  })
})

describe("a result", () => {
  const at = (id: string, result: unknown) =>
    ({ type: "tool-result", id, name: "quick", isFailure: false, result }) as const
  const asked = (id: string) =>
    ({
      type: "tool-call",
      id,
      name: "quick",
      params: {},
      options: { google: { part: call("quick", {}, id, signature) as Schema.JsonObject } }
    }) as const

  const send = (prompt: Prompt.RawInput) =>
    Effect.gen(function*() {
      yield* (yield* Chat.empty).generateText({ prompt, toolkit })
      return yield* shape
    }).pipe(Effect.provide([scripted([{ text: "fine" }]), handlers()]))

  it.effect("whose call is not in the prompt is told as text", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* send([{ role: "tool", content: [at("0", "lost")] }, { role: "user", content: "so?" }]),
        [`user: Result of an earlier call of quick: {"output":"lost"}`, "user: so?"]
      )
    }))

  it.effect("that comes twice is a result once, and a text then", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* send([
          { role: "user", content: "go" },
          { role: "assistant", content: [asked("1")] },
          { role: "tool", content: [at("1", "a"), at("1", "b")] }
        ]),
        [
          "user: go",
          "model: quick()",
          `user: quick = {"output":"a"}`,
          `user: Result of an earlier call of quick: {"output":"b"}`
        ]
      )
    }))

  it.effect("belongs to the last step that has its id", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* send([
          { role: "user", content: "go" },
          { role: "assistant", content: [asked("1")] },
          { role: "user", content: "again" },
          { role: "assistant", content: [asked("1")] },
          { role: "tool", content: [at("1", "a")] }
        ]),
        [
          "user: go",
          "model: quick()",
          "user: quick = execution-interrupted",
          "user: again",
          "model: quick()",
          `user: quick = {"output":"a"}`
        ]
      )
    }))

  it.effect("may stand beside its call", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* send([
          { role: "user", content: "go" },
          { role: "assistant", content: [asked("1"), at("1", "a")] },
          { role: "user", content: "so?" }
        ]),
        ["user: go", "model: quick()", `user: quick = {"output":"a"}`, "user: so?"]
      )
    }))
})

describe("a prompt that begins with a call", () => {
  it.effect("is refused before it is sent, and says where to cut", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        LanguageModel.generateText({
          toolkit,
          prompt: [
            { role: "system", content: "Be terse." },
            { role: "assistant", content: [{ type: "tool-call", id: "1", name: "quick", params: {} }] },
            { role: "user", content: "so?" }
          ]
        })
      )
      assert.strictEqual(error.reason._tag, "InvalidRequestError")
      assert.include(error.message, "Message 1 of the prompt calls a tool before anybody has said something")
      assert.lengthOf(yield* bodies, 0)
    }).pipe(Effect.provide([scripted([]), handlers()])))

  it.effect("and one that begins with what the model said goes out as it is", () =>
    Effect.gen(function*() {
      yield* LanguageModel.generateText({
        prompt: [{ role: "assistant", content: "Hello." }, { role: "user", content: "Hi" }]
      })
      assert.deepStrictEqual(yield* shape, ["model: Hello.", "user: Hi"])
    }).pipe(Effect.provide(scripted([{ text: "fine" }]))))
})

describe("system messages alone", () => {
  it.effect("are what the user says", () =>
    Effect.gen(function*() {
      const chat = yield* Chat.fromPrompt([{ role: "system", content: "Say hello" }])
      yield* chat.generateText({ prompt: [] })
      assert.deepStrictEqual(yield* shape, ["user: Say hello"])
    }).pipe(Effect.provide(scripted([{ text: "hello" }]))))
})
