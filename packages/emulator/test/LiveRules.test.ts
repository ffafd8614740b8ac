import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { ask, connect, textOf } from "./LiveWire.ts"

const tools = [{
  functionDeclarations: [{
    name: "get_weather",
    parametersJsonSchema: { type: "object", properties: { city: { type: "string" } } }
  }]
}]

const rules = (...list: ReadonlyArray<Rule.Rule>) => Effect.provide(Emulator.layerMemory({ rules: list }))
const verdicts = Effect.flatMap(
  Emulator.Emulator,
  ({ live }) => Effect.map(live.connections, ([entry]) => entry?.verdicts)
)

describe("over Live", () => {
  it.effect("a rule calls, waits for the response, goes on, and sees what was said before", () =>
    Effect.scoped(Effect.gen(function*() {
      const client = yield* connect({ tools })
      yield* client.send(ask("The weather in Berlin?"))
      const messages = yield* client.until(({ toolCall }) => toolCall !== undefined)
      const [call] = messages.at(-1)?.toolCall?.functionCalls ?? []
      assert.deepStrictEqual([call?.name, call?.args, call?.id], ["get_weather", { city: "Berlin" }, "mine"])
      yield* client.send({
        toolResponse: { functionResponses: [{ id: call?.id, name: "get_weather", response: { celsius: 7 } }] }
      })
      const turn = yield* client.turn
      assert.strictEqual(textOf(turn), "7 °C in Berlin.")
      assert.deepInclude(turn.at(-1)?.usageMetadata, { promptTokenCount: 100, responseTokenCount: 9 })
      yield* client.send(ask("Thanks"))
      assert.strictEqual(textOf(yield* client.turn), "turn 1")
      assert.deepStrictEqual(yield* verdicts, [
        { by: "rule", rule: "calls" },
        { by: "rule", rule: "tells" },
        { by: "rule", rule: "rule 3" }
      ])
    })).pipe(rules(
      {
        name: "calls",
        when: { method: "bidiGenerateContent", step: 0, turn: 0 },
        reply: { calls: [{ name: "get_weather", args: { city: "{{ text | after 'in ' | word }}" }, id: "mine" }] }
      },
      {
        name: "tells",
        when: { after: "get_weather" },
        reply: {
          text: "{{ result.get_weather.celsius }} °C in {{ call.get_weather.city }}.",
          usage: { promptTokenCount: 100, candidatesTokenCount: 9 }
        }
      },
      { when: { turn: 1, history: { contains: "°C in Berlin." } }, reply: "turn {{ turn }}" }
    )))

  const refused: ReadonlyArray<readonly [string, Rule.Rule, string]> = [
    [
      "no rule matches",
      { name: "x", when: { text: "other" }, reply: "x" },
      "No rule of the emulator's space \"default\" answers this bidiGenerateContent to gemini-robotics-er-2-streaming-preview. Neare"
    ],
    [
      "the reply does not fit",
      { name: "x", reply: { calls: [{ name: "get_wether" }] } },
      "Rule \"x\" of the emulator: calls[0].name: the request declares no function \"get_wether\", it declares get_weather. Did you me"
    ],
    [
      "the reply is none of Live's",
      { name: "x", reply: { text: "x", finishReason: "SAFETY" } },
      "Rule \"x\" of the emulator: finishReason: a turn of Live has none; SAFETY is for generateContent. Set invalid = true to send "
    ],
    [
      "the reply is bytes",
      { name: "x", reply: { raw: { body: "x" } } },
      "Rule \"x\" of the emulator: raw: a message of Live has no bytes of its own; chunks are sent as they are."
    ]
  ]
  for (const [name, rule, reason] of refused) {
    it.effect(`where ${name} the session is closed with why, as much as fits, and the log has all of it`, () =>
      Effect.scoped(Effect.gen(function*() {
        const client = yield* connect({ tools })
        yield* client.send(ask("Hi"))
        assert.deepStrictEqual(yield* client.closed, { code: 1011, reason })
        const [verdict] = (yield* verdicts) ?? []
        assert.isTrue(verdict?.refused?.startsWith(reason), verdict?.refused)
        assert.strictEqual(verdict?.by, name === "no rule matches" ? "unmatched" : "rule")
        assert.strictEqual(
          verdict?.nearMisses?.[0],
          name === "no rule matches" ? "rule \"x\": text: wanted \"other\", found \"Hi\"" : undefined
        )
      })).pipe(rules(rule)))
  }

  it.effect("a reply thinks, shows and cites where that was asked for", () =>
    Effect.scoped(Effect.gen(function*() {
      const client = yield* connect({
        tools: [{ googleSearch: {} }],
        generationConfig: { responseModalities: ["TEXT"], thinkingConfig: { includeThoughts: true } }
      })
      yield* client.send(ask("Hi"))
      const turn = yield* client.turn
      assert.deepInclude(turn[0]?.serverContent?.modelTurn?.parts[0], { text: "Hm.", thought: true })
      assert.deepInclude(Object(turn.at(-1)?.serverContent)["groundingMetadata"], { webSearchQueries: ["q"] })
    })).pipe(
      rules({
        reply: { thoughts: "Hm.", text: "Yes.", grounding: { queries: ["q"], sources: [{ uri: "https://a.example" }] } }
      })
    ))

  it.effect("takes its time", () =>
    Effect.scoped(Effect.gen(function*() {
      const client = yield* connect()
      yield* client.send(ask("Hi"))
      const turn = yield* Effect.forkChild(client.turn, { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(turn)
      const [entry] = yield* (yield* Emulator.Emulator).live.connections
      const said = entry?.messages.filter(({ from, message }) =>
        from === "server" && JSON.stringify(message).includes("modelTurn")
      )
      assert.deepStrictEqual(said?.map(({ time }) => time), [300, 675])
    })).pipe(
      rules({
        reply: { text: "One two three four five six seven eight.", pace: { firstToken: "300ms", tokensPerSecond: 8 } }
      })
    ))

  it.effect("breaks in the turn that was told to, and the next one is whole", () =>
    Effect.scoped(Effect.gen(function*() {
      const client = yield* connect()
      yield* client.send(ask("whole"))
      assert.strictEqual(textOf(yield* client.turn), "All of it.")
      yield* client.send(ask("garbage"))
      const arrivals = [yield* client.take, yield* client.take]
      assert.deepInclude(arrivals[1], { message: {} })
      yield* client.turn
      yield* client.send(ask("whole"))
      assert.strictEqual(textOf(yield* client.turn), "All of it.")
      yield* client.send(ask("cut"))
      yield* client.message
      assert.strictEqual((yield* client.closed).code, 1006)
    })).pipe(rules(
      { when: { text: "whole" }, reply: "All of it." },
      { when: { text: "garbage" }, reply: { text: "A", fault: { garbage: { chunks: 1, text: "no JSON" } } } },
      {
        when: { text: "cut" },
        reply: { text: "One two three four five six seven eight.", fault: { cut: { chunks: 1 } } }
      }
    )))

  it.effect("a queued answer may be such a reply, too", () =>
    Effect.scoped(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.enqueue({ calls: [{ name: "get_weather", args: {} }] })
      const client = yield* connect({ tools })
      yield* client.send(ask("Hi"))
      const messages = yield* client.until(({ toolCall }) => toolCall !== undefined)
      assert.match(messages.at(-1)?.toolCall?.functionCalls[0]?.id ?? "", /^function-call-\d{19}$/)
    })).pipe(Effect.provide(Emulator.layerMemory())))
})
