/** Personas: rules whose plan says what a model does step by step, as a function of the request alone. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Plan from "effect-gemini-emulator/Plan"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Scenario from "effect-gemini-emulator/Scenario"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { ask, connect, textOf } from "./LiveWire.ts"
import { flash, generate, type Part, parts, post, prompt, type Response, stream, text } from "./Wire.ts"

const numbers = { a: { type: "number" }, b: { type: "number" } }

const tools = (...names: ReadonlyArray<string>) => [{
  functionDeclarations: names.map((name) => ({
    name,
    parametersJsonSchema: {
      type: "object",
      properties: numbers,
      required: ["a", "b"],
      additionalProperties: false
    }
  }))
}]

interface Body {
  readonly contents: ReadonlyArray<{ readonly role: string; readonly parts: ReadonlyArray<unknown> }>
  readonly tools?: unknown
  readonly toolConfig?: unknown
  readonly systemInstruction?: unknown
  readonly generationConfig?: unknown
}

const begin = (declared: ReadonlyArray<string> = ["add", "sub"], words = "go"): Body => ({
  ...prompt(words),
  tools: tools(...declared)
})

const callsOf = (response: Response | undefined) => parts(response).flatMap((part) => part.functionCall ?? [])

/** The dialogue after an answer whose calls were made: each gives the sum of its arguments. */
const next = (body: Body, response: Response): Body => {
  const said = parts(response)
  const results = callsOf(response).map(({ args, id, name }) => ({
    functionResponse: {
      ...(id === undefined ? {} : { id }),
      name,
      response: { output: Object.values(Object(args)).reduce((sum: number, each) => sum + Number(each), 0) }
    }
  }))
  return {
    ...body,
    contents: [
      ...body.contents,
      ...(said.length === 0 ? [] : [{ role: "model", parts: said }]),
      ...(results.length === 0 ? [] : [{ role: "user", parts: results }])
    ]
  }
}

/** Plays a client that makes every call, over so many requests at most. */
const play = Effect.fnUntraced(function*(body: Body, most: number) {
  const answers: Array<Response> = []
  let here = body
  while (answers.length < most) {
    const answer = yield* generate(here)
    answers.push(answer)
    if (callsOf(answer).length === 0) break
    here = next(here, answer)
  }
  return answers
})

const persona = (...plan: ReadonlyArray<Plan.PlanStep>) => plan

const by = (rule: Rule.Rule, ...others: ReadonlyArray<Rule.Rule>) =>
  Effect.provide(Emulator.layerHttpClient({ rules: [rule, ...others], strictSignatures: true }))

const errorOf = (body: unknown, method = "generateContent") =>
  Effect.flatMap(
    post(`/v1beta/models/${flash}:${method}`, body),
    (response) =>
      Effect.map(
        response.text,
        (text) => ({ status: response.status, message: String(JSON.parse(text).error?.message) })
      )
  )

const finish = (answer: Response | undefined) => answer?.candidates?.[0]?.finishReason

describe("a plan", () => {
  it.effect("thinks, calls, calls several, and says; signatures come back and are the emulator's own", () =>
    Effect.gen(function*() {
      const body = { ...begin(), generationConfig: { thinkingConfig: { includeThoughts: true } } }
      const answers = yield* play(body, 9)
      assert.lengthOf(answers, 3)
      assert.deepStrictEqual(
        parts(answers[0]).map((part: Part) => [part.thought, part.text, part.functionCall?.args]),
        [
          [true, "First the sum.", undefined],
          [undefined, "I look.", undefined],
          [undefined, undefined, { a: 1, b: 2 }]
        ]
      )
      assert.deepStrictEqual(callsOf(answers[1]).map(({ args, name }) => [name, args]), [
        ["add", { a: 3, b: 3 }],
        ["sub", { a: 3, b: 1 }]
      ])
      assert.deepStrictEqual([text(answers[2]), finish(answers[2])], ["It is 6.", "MAX_TOKENS"])
    }).pipe(by({
      plan: persona(
        { think: "First the sum.", say: "I look.", call: "add", args: { a: 1, b: 2 } },
        {
          call: [{ name: "add", args: { a: "{{ result.add }}", b: 3 } }, {
            name: "sub",
            args: { a: "{{ result.add }}", b: 1 }
          }]
        },
        { say: "It is {{ result.add }}.", finish: "MAX_TOKENS" }
      )
    })))

  it.effect("says and thinks what a tool gave as a text, also where that is a number or an object alone", () =>
    Effect.gen(function*() {
      const body = { ...begin(), generationConfig: { thinkingConfig: { includeThoughts: true } } }
      const answers = yield* play(body, 9)
      assert.deepStrictEqual(parts(answers[1]).map(({ text, thought }) => [thought, text]), [
        [true, "{\"a\":1,\"b\":2}"],
        [undefined, "3"]
      ])
      const [first] = answers
      assert(first !== undefined)
      assert.strictEqual((yield* stream(next(body, first))).map(text).join(""), "3")
    }).pipe(by({
      plan: persona({ call: "add", args: { a: 1, b: 2 } }, { think: "{{ call.add.args }}", say: "{{ result.add }}" })
    })))

  it.effect("is a function of the request alone: asked twice, at once, or as a stream, it says the same", () =>
    Effect.gen(function*() {
      const [first] = yield* play(begin(), 1)
      assert.isDefined(first)
      const second = next(begin(), first ?? { usageMetadata: { promptTokenCount: 0, totalTokenCount: 0 } })
      for (const body of [begin(), second]) {
        const all = yield* Effect.all(Array.from({ length: 8 }, () => generate(body)), { concurrency: "unbounded" })
        for (const answer of all) assert.deepStrictEqual(answer, all[0])
        const events = yield* stream(body)
        assert.deepStrictEqual(events.flatMap(callsOf), callsOf(all[0]))
        assert.strictEqual(events.map(text).join(""), text(all[0]))
      }
    }).pipe(by({ plan: persona({ call: "add" }, { say: "done" }) })))

  it.effect("is told apart by the system text and the declared tools, and each has its own place", () =>
    Effect.gen(function*() {
      const said = (words: string) => ({ ...begin(), systemInstruction: { parts: [{ text: words }] } })
      const [boss, worker] = yield* Effect.all([play(said("You lead."), 5), play(said("You work."), 5)], {
        concurrency: 2
      })
      assert.deepStrictEqual(boss.map(text), ["led"])
      assert.deepStrictEqual(worker.map(text), ["", "worked"])
    }).pipe(by(
      { when: { system: { contains: "lead" } }, plan: persona({ say: "led" }) },
      { when: { system: { contains: "work" }, tools: "add" }, plan: persona({ call: "add" }, { say: "worked" }) }
    )))

  it.effect("begins again when the user speaks, unless its steps are counted since the start", () =>
    Effect.gen(function*() {
      const [first] = yield* play(begin(), 1)
      const heard = next(begin(), first ?? { usageMetadata: { promptTokenCount: 0, totalTokenCount: 0 } })
      const hint = { role: "user", parts: [{ text: "and?" }] }
      const hinted = { ...heard, contents: [...heard.contents, hint] }
      assert.lengthOf(callsOf(yield* generate(hinted)), 1)
      yield* Effect.flatMap(
        Emulator.Emulator,
        ({ setRules }) => setRules([{ since: "start", plan: persona({ call: "add" }, { say: "done" }) }])
      )
      assert.strictEqual(text(yield* generate(hinted)), "done")
    }).pipe(by({ plan: persona({ call: "add" }, { say: "done" }) })))

  it.effect("that is over leaves the request to the rules behind it, begins again, stays at its last step, or refuses", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const plan = persona({ call: { name: "add", args: { a: 1, b: 1 } } }, {
        call: { name: "sub", args: { a: 1, b: 1 } }
      })
      const played = (rule: Omit<Rule.Rule, "plan">, most: number) =>
        Effect.andThen(
          emulator.setRules([{ name: "clerk", plan, ...rule }, { when: { step: 2 }, reply: "behind" }]),
          Effect.map(
            play(begin(), most),
            (answers) => answers.map((answer) => callsOf(answer)[0]?.name ?? text(answer))
          )
        )
      assert.deepStrictEqual(yield* played({}, 9), ["add", "sub", "behind"])
      assert.deepStrictEqual(yield* played({ end: "repeat" }, 5), ["add", "sub", "add", "sub", "add"])
      assert.deepStrictEqual(yield* played({ end: "last" }, 4), ["add", "sub", "sub", "sub"])
      assert.deepStrictEqual(yield* played({ end: "refuse" }, 4), ["add", "sub", ""])
      const [first, second] = yield* Effect.andThen(emulator.setRules([{ plan }]), play(begin(), 2))
      const none: Response = { usageMetadata: { promptTokenCount: 0, totalTokenCount: 0 } }
      const over = next(next(begin(), first ?? none), second ?? none)
      assert.include(
        (yield* errorOf(over)).message,
        "rule \"rule 1\": plan: wanted a step below 2, found step 2"
      )
      yield* emulator.setRules([{ name: "clerk", plan, end: "refuse" }])
      const refused = yield* errorOf(over)
      assert.deepStrictEqual(refused.status, 501)
      assert.include(
        refused.message,
        "\"clerk\" of the emulator: its plan has 2 steps, and the model has had 2 already."
      )
    }).pipe(Effect.provide(Emulator.layerHttpClient({ strictSignatures: true }))))

  it.effect("hands off in the way that is declared", () =>
    Effect.gen(function*() {
      for (
        const [declared, name, args] of [
          ["transfer_to_billing", "transfer_to_billing", { a: 7, b: 8 }],
          ["handoff_to_billing", "handoff_to_billing", { a: 7, b: 8 }],
          ["transfer_to_agent", "transfer_to_agent", { agent_name: "billing", a: 7, b: 8 }]
        ] as const
      ) {
        const body = {
          ...prompt("go"),
          tools: [{ functionDeclarations: [{ name: "add" }, { name: declared }] }]
        }
        const answer = yield* generate(body)
        assert.deepStrictEqual(callsOf(answer).map((call) => [call.name, call.args]), [[name, args]])
      }
      const { message } = yield* errorOf(begin())
      assert.include(message, "plan[0]: handOff: the request declares neither transfer_to_billing, handoff_to_billing")
    }).pipe(by({ plan: persona({ handOff: "billing", args: { a: 7, b: 8 } }) })))

  it.effect("counts only for methods that say something", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* errorOf(prompt("go"), "countTokens")).status, 501)
      assert.strictEqual(text(yield* generate(begin())), "done")
      const [use] = yield* Effect.flatMap(Emulator.Emulator, ({ rules }) => rules)
      assert.strictEqual(use?.answered, 1)
    }).pipe(by({ plan: persona({ say: "done" }) })))

  it.live("plays over Live", () =>
    Effect.scoped(Effect.gen(function*() {
      const client = yield* connect({ tools: tools("add") })
      yield* client.send(ask("go"))
      const messages = yield* client.until(({ toolCall }) => toolCall !== undefined)
      const [call] = messages.at(-1)?.toolCall?.functionCalls ?? []
      assert.deepStrictEqual([call?.name, call?.args], ["add", { a: 1, b: 2 }])
      yield* client.send({
        toolResponse: { functionResponses: [{ id: call?.id, name: "add", response: { output: 3 } }] }
      })
      assert.strictEqual(textOf(yield* client.turn), "It is 3.")
    })).pipe(Effect.provide(Emulator.layerMemory({
      rules: [{ plan: persona({ call: "add", args: { a: 1, b: 2 } }, { say: "It is {{ result.add }}." }) }]
    }))))

  it.live("is there for any client over a socket, from a file", () =>
    Effect.gen(function*() {
      const scenario = yield* Scenario.fromText(
        `
[[rule]]
name = "clerk"
when = { system = { contains = "You add" }, tools = "add" }

[[rule.plan]]
think = "First the sum."
call = "add"
args = { a = 1, b = 2 }

[[rule.plan]]
say = "It is {{ result.add }}."
`,
        "toml"
      )
      const gemini = yield* Effect.promise(() => Standalone.start({ scenario, strictSignatures: true }))
      const said = yield* Effect.promise(async () => {
        let body: Body = { ...begin(), systemInstruction: { parts: [{ text: "You add." }] } }
        const texts: Array<string> = []
        for (let i = 0; i < 3; i++) {
          const response = await fetch(`${gemini.url}/v1beta/models/${flash}:generateContent?key=any`, {
            method: "POST",
            body: JSON.stringify(body)
          })
          const answer: Response = JSON.parse(await response.text())
          texts.push(callsOf(answer)[0]?.name ?? text(answer))
          if (callsOf(answer).length === 0) break
          body = next(body, answer)
        }
        await gemini.stop()
        return texts
      })
      assert.deepStrictEqual(said, ["add", "It is 3."])
    }))
})

describe("a model that misbehaves", () => {
  const first = (step: Plan.PlanStep, body: Body = begin()) =>
    Effect.provide(
      Effect.map(play(body, 4), (answers) => ({ answers, calls: answers.map((answer) => callsOf(answer)) })),
      Emulator.layerHttpClient({ rules: [{ plan: [step] }], strictSignatures: true }),
      { local: true }
    )

  it.effect("never stops, and calls with other arguments each time", () =>
    Effect.gen(function*() {
      const { calls } = yield* first({ misbehave: "never-stop" })
      assert.deepStrictEqual(calls.map((each) => each.map(({ name }) => name)), [["add"], ["add"], ["add"], ["add"]])
      assert.strictEqual(new Set(calls.map(([call]) => JSON.stringify(call?.args))).size, 4)
      const both = yield* first({ misbehave: "never-stop", call: ["sub", "add"] })
      assert.deepStrictEqual(both.calls.map(([call]) => call?.name), ["sub", "add", "sub", "add"])
    }))

  it.effect("repeats a call, to the byte", () =>
    Effect.gen(function*() {
      const { calls } = yield* first({ misbehave: "repeat" })
      assert.lengthOf(calls, 4)
      assert.strictEqual(new Set(calls.map(([call]) => JSON.stringify([call?.name, call?.args]))).size, 1)
      const told = yield* first({ misbehave: "repeat", call: "sub", args: { a: 1, b: 2 } })
      for (const [call] of told.calls) assert.deepInclude(call, { name: "sub", args: { a: 1, b: 2 } })
    }))

  it.effect("makes two calls in turn", () =>
    Effect.gen(function*() {
      const { calls } = yield* first({ misbehave: "ping-pong" })
      assert.deepStrictEqual(calls.map(([call]) => call?.name), ["add", "sub", "add", "sub"])
      assert.deepStrictEqual(calls[0]?.[0]?.args, calls[2]?.[0]?.args)
    }))

  it.effect("says something where calls are forbidden, as a model does", () =>
    Effect.gen(function*() {
      const body = { ...begin(), toolConfig: { functionCallingConfig: { mode: "NONE" } } }
      for (const misbehave of ["never-stop", "repeat", "ping-pong"] as const) {
        assert.deepStrictEqual((yield* first({ misbehave }, body)).answers.map(text), ["There is more to do."])
        assert.deepStrictEqual((yield* first({ misbehave, say: "No." }, body)).answers.map(text), ["No."])
      }
    }))

  it.effect("calls what is not declared, by a near name", () =>
    Effect.gen(function*() {
      const { calls } = yield* first({ misbehave: "unknown-tool" }, begin(["add", "ad", "sub"]))
      assert.strictEqual(calls[0]?.[0]?.name, "ad_x")
      const none = yield* first({ misbehave: "unknown-tool" }, prompt("go"))
      assert.strictEqual(none.calls[0]?.[0]?.name, "any")
    }))

  it.effect("calls with arguments that the schema forbids", () =>
    Effect.gen(function*() {
      const { calls } = yield* first({ misbehave: "wrong-arguments" })
      assert.deepStrictEqual(calls[0]?.map(({ name }) => name), ["add"])
      assert.strictEqual(Reflect.get(Object(calls[0]?.[0]?.args), "a"), "neither this nor that")
      const free = { ...prompt("go"), tools: [{ functionDeclarations: [{ name: "any" }] }] }
      const { message } = yield* Effect.provide(
        errorOf(free),
        Emulator.layerHttpClient({ rules: [{ plan: [{ misbehave: "wrong-arguments" }] }] }),
        { local: true }
      )
      assert.include(message, "plan[0]: misbehave: the schema of any takes any arguments")
    }))

  it.effect("ends with nothing, with a malformed call, in the middle of a call, or is blocked", () =>
    Effect.gen(function*() {
      const empty = yield* first({ misbehave: "empty" })
      assert.deepStrictEqual([finish(empty.answers[0]), parts(empty.answers[0])], ["STOP", []])
      const malformed = yield* first({ misbehave: "malformed-call" })
      assert.deepStrictEqual(
        [finish(malformed.answers[0]), parts(malformed.answers[0])],
        ["MALFORMED_FUNCTION_CALL", []]
      )
      const cut = yield* first({ misbehave: "cut-call" })
      assert.strictEqual(finish(cut.answers[0]), "MAX_TOKENS")
      assert.deepStrictEqual(Object.keys(Object(cut.calls[0]?.[0]?.args)), ["a"])
      const blocked = yield* first({ misbehave: "blocked" })
      assert.deepStrictEqual(blocked.answers[0]?.promptFeedback, { blockReason: "PROHIBITED_CONTENT" })
    }))

  it.effect("is slow by the server's clock", () =>
    Effect.gen(function*() {
      for (const [step, millis] of [[{}, 60_000], [{ delay: 5_000 }, 5_000]] as const) {
        const from = yield* Clock.currentTimeMillis
        const fiber = yield* Effect.forkChild(
          Effect.provide(
            Effect.zip(generate(begin()), Clock.currentTimeMillis),
            Emulator.layerHttpClient({ rules: [{ plan: [{ misbehave: "slow", say: "at last", ...step }] }] }),
            { local: true }
          )
        )
        yield* TestClock.adjust(millis - 1)
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust(1)
        const [answer, at] = yield* Fiber.join(fiber)
        assert.deepStrictEqual([text(answer), at - from], ["at last", millis])
      }
    }))

  it.effect("goes on at its last step, and needs functions where it calls", () =>
    Effect.gen(function*() {
      const { message } = yield* errorOf(prompt("go"))
      assert.include(message, "plan[0]: misbehave: \"repeat\" calls 1 of the request's functions, and it declares none")
    }).pipe(by({ plan: persona({ misbehave: "repeat" }) })))
})

describe("a plan that is wrong", () => {
  const wrong: ReadonlyArray<readonly [plan: unknown, problem: string]> = [
    [[], "rule[0].plan: expected a value with a length of at least 1"],
    [[{ sya: "x" }], "rule[0].plan[0].sya: there is no such field. Did you mean \"say\"?"],
    [[{}], "rule[0].plan[0]: a step: it says, calls, hands off, finishes or misbehaves"],
    [[{ say: "x" }, { think: "x" }], "rule[0].plan[1]: think: it says, calls, hands off, finishes or misbehaves"],
    [[{ say: 3 }], "rule[0].plan[0].say: expected string"],
    [[{ call: [] }], "rule[0].plan[0]: call: expected at least one function"],
    [[{ call: ["a", "b"], args: {} }], "rule[0].plan[0]: args: they are those of one call"],
    [[{ call: "a", handOff: "b", args: {} }], "rule[0].plan[0]: args: beside handOff a call has its own"],
    [[{ say: "x", args: {} }], "rule[0].plan[0]: args: they are those of one call"],
    [[{ say: "x", finish: "STOPP" }], "rule[0].plan[0]: finish: the API has no \"STOPP\""],
    [[{ misbehave: "looping" }], "rule[0].plan[0].misbehave: expected"],
    [[{ misbehave: "empty", say: "x" }], "rule[0].plan[0]: say: \"empty\" says nothing"],
    [[{ misbehave: "empty", call: "x" }], "rule[0].plan[0]: call: \"empty\" calls nothing, and here are 1"],
    [[{ misbehave: "ping-pong", call: "x" }], "rule[0].plan[0]: call: \"ping-pong\" makes two calls in turn"],
    [[{ misbehave: "repeat", handOff: "x" }], "rule[0].plan[0]: handOff: \"repeat\" does not hand off"],
    [[{ misbehave: "repeat", finish: "STOP" }], "rule[0].plan[0]: finish: \"repeat\" ends in its own way"],
    [[{ say: "{{ txt }}" }], "rule[0].plan[0].say: "],
    [[{ call: "a", args: { b: "{{ text | aftr 'x' }}" } }], "rule[0].plan[0].args.b: "],
    [[{ say: "x", delay: -1 }], "rule[0].plan[0].delay: expected"]
  ]

  for (const [plan, problem] of wrong) {
    it.effect(`is told where: ${JSON.stringify(plan)}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Scenario.fromUnknown({ rule: [{ plan }] }))
        assert.include(error.message, problem)
      }))
  }

  it.effect("beside a reply, or with what is not for plans", () =>
    Effect.gen(function*() {
      const said = (rule: unknown) =>
        Effect.map(Effect.flip(Scenario.fromUnknown({ rule: [rule] })), ({ message }) => message)
      const plan = [{ say: "x" }]
      assert.include(yield* said({ plan, reply: "x" }), "it has either a reply or replies, or a plan")
      assert.include(yield* said({ reply: "x", since: "start" }), "since is for a rule with a plan")
      assert.include(yield* said({ replies: ["x"], end: "last" }), "end = \"last\" is for a plan")
    }))
})
