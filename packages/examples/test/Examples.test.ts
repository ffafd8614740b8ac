/**
 * Every example, run as a reader would run it, with the emulator where Google would be.
 */
import { assert, describe, it } from "@effect/vitest"
import type * as Answer from "effect-gemini-emulator/Answer"
import * as Standalone from "effect-gemini-emulator/Standalone"
import { ApiLive } from "effect-gemini-examples/AnswersApi"
import { makeApp } from "effect-gemini-examples/AnswersHono"
import * as EffectProgram from "effect-gemini-examples/EffectProgram"
import { recipeFor } from "effect-gemini-examples/JsonAnswer"
import { makeChat } from "effect-gemini-examples/LongChat"
import * as Observed from "effect-gemini-examples/Observed"
import { ask, askPolitely } from "effect-gemini-examples/PlainTypeScript"
import * as Plan from "effect-gemini-examples/Plan"
import { makeGemini } from "effect-gemini-examples/Runtime"
import { calls, smoke } from "effect-gemini-examples/smoke"
import { answerFor, Tenants } from "effect-gemini-examples/Tenants"
import { calibrated, sort, written } from "effect-gemini-examples/Triage"
import * as Vision from "effect-gemini-examples/Vision"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import { execFile } from "node:child_process"
import { createServer } from "node:http"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, afterEach } from "vitest"

// As a user would set it. Effect reads the environment once, so one emulator serves every test.
const emulator = await Standalone.start()
process.env["GEMINI_BASE_URL"] = emulator.url
process.env["GEMINI_API_KEY"] = "test-key"
afterEach(() => emulator.clear())
afterAll(() => emulator.stop())

const run = <A, E>(effect: Effect.Effect<A, E, FetchGemini.Services>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect, FetchGemini.layerConfig({ tier: "tier3" })))

const refused = (code: number, retryDelay?: string): Answer.Answer => ({
  error: {
    code,
    ...(retryDelay === undefined
      ? {}
      : { details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay }] })
  }
})

describe("the Effect program", () => {
  it("answers and retells through a layer", async () => {
    const { answer, retold, tokens } = await run(EffectProgram.program)
    assert.isAbove(tokens ?? 0, 0)
    assert.include(retold, "Tell a child")
    const [first, second] = emulator.requests()
    assert.deepStrictEqual([first?.model, second?.model], ["gemini-pro-latest", GeminiConfig.defaultModel])
    assert.include(JSON.stringify(second?.body), JSON.stringify(answer).slice(1, -1))
  })
})

describe("plain TypeScript", () => {
  it("gets a promise, and switches on the reason of a failure", async () => {
    assert.include(await ask("Why does the sea have tides?"), "tides")
    emulator.addFault({ status: 403 })
    assert.strictEqual(await askPolitely("Hello"), "Please set GEMINI_API_KEY.")
  })
})

describe("the managed runtime", () => {
  it("iterates, and closes the request when the loop is left", async () => {
    await using gemini = makeGemini()
    assert.include(await gemini.ask("Hello tides"), "Hello tides")
    emulator.enqueue({ chunks: ["one ", "two ", "three"], chunkDelay: 500 })
    for await (const text of gemini.tell("Hello")) {
      assert.isAbove(text.length, 0)
      break
    }
    const [, left] = await emulator.awaitClosed(2)
    assert.strictEqual(left?.outcome, "aborted")
  })

  it("rejects with the signal's own reason, in a call and in a loop", async () => {
    await using gemini = makeGemini()
    emulator.addFault({ halfOpen: true })
    const reason = new Error("the user pressed Stop")
    const controller = new AbortController()
    const { signal } = controller
    const asked = gemini.ask("Hello", { signal }).catch((error: unknown) => error)
    const told = gemini.tell("Hello", { signal })[Symbol.asyncIterator]().next().catch((error: unknown) => error)
    await emulator.awaitRequests(2)
    controller.abort(reason)
    assert.strictEqual(await asked, reason)
    assert.strictEqual(await told, reason)
    const entries = await emulator.awaitClosed(2)
    assert.deepStrictEqual(entries.map((entry) => entry.outcome), ["aborted", "aborted"])
  })
})

const statuses: ReadonlyArray<readonly [status: number, answer: Answer.Answer, retryAfter?: string]> = [
  [400, refused(400)],
  [400, { response: { promptFeedback: { blockReason: "SAFETY" } } }],
  [402, {
    error: {
      code: 429,
      details: [{
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier", quotaValue: "50" }]
      }]
    }
  }],
  [429, refused(429, "38.2s"), "39"],
  [502, refused(500)],
  [502, refused(403)],
  [503, refused(503)],
  [504, { text: "too late", delay: 60_000 }]
]

// One attempt and a short deadline, so that every refusal reaches the caller at once.
const impatient = FetchGemini.layerConfig({ tier: "tier3", retry: { attempts: 1 }, timeouts: { attempt: 300 } })

const tags: Readonly<Record<number, string>> = {
  400: "BadPrompt",
  402: "QuotaSpent",
  429: "TooMany",
  502: "BadAnswer",
  503: "Overloaded",
  504: "TooSlow"
}

/** Each refusal meets a client of its own: a 429 makes the model's lane wait, as it should. */
const mapsRefusals = async (
  make: () => { readonly post: () => Promise<Response>; readonly dispose: () => Promise<void> },
  check: (status: number, body: Readonly<Record<string, string>>) => void
) => {
  const { dispose, post } = make()
  const answer = await post()
  assert.strictEqual(answer.status, 200)
  assert.include((await answer.json()).text, "Hello tides")
  await dispose()
  for (const [status, refusal, retryAfter] of statuses) {
    const { dispose, post } = make()
    emulator.enqueue(refusal)
    const response = await post()
    assert.strictEqual(response.status, status)
    assert.strictEqual(response.headers.get("retry-after"), retryAfter ?? null)
    check(status, await response.json())
    await dispose()
  }
}

const request = () =>
  new Request("http://localhost/answers", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ prompt: "Hello tides" })
  })

describe("the HTTP API", () => {
  it("answers, and maps every refusal to the status that says whose turn it is", () =>
    mapsRefusals(() => {
      const { dispose, handler } = HttpRouter.toWebHandler(
        ApiLive.pipe(Layer.provide([impatient, HttpServer.layerServices])),
        { disableLogger: true }
      )
      return { post: () => handler(request()), dispose }
    }, (status, body) => assert.strictEqual(body["_tag"], tags[status])))
})

describe("the Hono app", () => {
  it("answers, and switches on the reason", () =>
    mapsRefusals(() => {
      const { app, dispose } = makeApp(impatient)
      return { post: async () => app.request(request()), dispose }
    }, (_, body) => assert.isString(body["reason"])))
})

describe("one client a tenant", () => {
  it("asks with the tenant's own key, and makes its client once", async () => {
    emulator.addFault({ when: { key: "key-of-mallory" }, status: 403 })
    const program = Effect.all([
      answerFor("acme", "one"),
      answerFor("acme", "two"),
      answerFor("globex", "three"),
      Effect.flip(answerFor("mallory", "four"))
    ])
    const [, , , refused] = await Effect.runPromise(Effect.provide(program, Tenants.layer))
    assert.strictEqual(refused._tag === "GeminiError" ? refused.reason._tag : refused._tag, "Unauthenticated")
    assert.lengthOf(emulator.requests(), 4)
  })
})

describe("the observed program", () => {
  const observe = async (options?: Parameters<typeof Observed.observed>[1]) => {
    const received: Array<readonly [path: string, body: string]> = []
    const collector = createServer((request, response) => {
      let body = ""
      request.on("data", (data: Buffer) => (body += data.toString()))
      request.on("end", () => {
        received.push([request.url ?? "", body])
        response.end("{}")
      })
    })
    await new Promise<void>((resolve) => void collector.listen(0, "127.0.0.1", resolve))
    const address = collector.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    emulator.enqueue(refused(503))
    // What is left is sent when the layer closes.
    await Effect.runPromise(Effect.provide(Observed.program, Observed.observed(`http://127.0.0.1:${port}`, options)))
    collector.close().closeAllConnections()
    const sent = (path: string) => received.filter(([to]) => to === path).map(([, body]) => body).join("\n")
    return { received, sent }
  }

  it("sends a span a call, one an attempt below it, and the metrics to a collector", async () => {
    const { received, sent } = await observe()
    const names = sent("/v1/traces").match(/"name":"[a-zA-Z_]+ gemini[^"]+"/g)?.toSorted()
    assert.deepStrictEqual(names, [
      `"name":"generateContent ${GeminiConfig.defaultModel}"`,
      `"name":"generate_content ${GeminiConfig.defaultModel}"`,
      `"name":"generate_content ${GeminiConfig.defaultModel}"`
    ])
    for (const metric of ["gen_ai.client.operation.duration", "gen_ai.client.token.usage", "gemini.client.retries"]) {
      assert.include(sent("/v1/metrics"), `"name":"${metric}"`)
    }
    for (const secret of ["Say hello", "test-key"]) assert.notInclude(JSON.stringify(received), secret)
  })

  it("sends what was said only where it is told to, as the conventions want it", async () => {
    const { received, sent } = await observe({ content: true })
    const spans: ReadonlyArray<
      { readonly attributes: ReadonlyArray<{ key: string; value: { stringValue?: string } }> }
    > = JSON.parse(sent("/v1/traces")).resourceSpans[0].scopeSpans[0].spans
    const written = (key: string) =>
      spans.flatMap(({ attributes }) =>
        attributes.flatMap((attribute) => attribute.key === key ? [JSON.parse(attribute.value.stringValue ?? "")] : [])
      )
    const asked = [{ role: "user", parts: [{ type: "text", content: "Say hello" }] }]
    assert.deepStrictEqual(written("gen_ai.input.messages"), [asked, asked])
    const [[answer], ...others] = written("gen_ai.output.messages")
    assert.lengthOf(others, 0) // the first attempt was refused
    assert.strictEqual(answer.finish_reason, "stop")
    assert.notInclude(JSON.stringify(received), "test-key")
  })
})

describe("vision", () => {
  it("sends the image beside the question", async () => {
    assert.isAbove((await run(Vision.describe(Uint8Array.of(137, 80, 78, 71), "image/png"))).length, 0)
    const [request] = emulator.requests()
    assert.deepStrictEqual(JSON.parse(JSON.stringify(request?.body)).contents[0].parts[0], {
      inlineData: { mimeType: "image/png", data: "iVBORw==" }
    })
  })
})

describe("the long chat", () => {
  it("sends the turns back as they came, and leaves out the oldest when they outgrow the budget", async () => {
    await run(Effect.gen(function*() {
      const chat = yield* makeChat({ system: "Be brief.", budget: 400 })
      for (let i = 0; i < 12; i++) yield* chat.say(`Tell me something about tide number ${i}.`)
    }))
    const sent = emulator.requests().filter((entry) => entry.apiMethod === "generateContent")
    const turns: ReadonlyArray<number> = sent.map((entry) => JSON.parse(JSON.stringify(entry.body)).contents.length)
    assert.lengthOf(sent, 12)
    assert.deepStrictEqual(turns.slice(0, 3), [1, 3, 5])
    assert.isBelow(Math.max(...turns), 23)
    assert.isTrue(turns.every((n) => n % 2 === 1)) // whole exchanges, and the new question
    assert.isAbove(turns.at(-1) ?? 0, 1)
  })
})

describe("JSON output", () => {
  it("decodes what the schema asked for, and says where an answer is something else", async () => {
    const recipe = await run(recipeFor("pancakes"))
    assert.isNumber(recipe.minutes)
    emulator.enqueue("{\"title\": \"Pancakes\", \"minutes\": \"ten\", \"ingredients\": []}")
    const error = await run(Effect.flip(recipeFor("pancakes")))
    assert.strictEqual(error._tag, "SchemaError")
    assert.include(error.message, "minutes")
  })
})

describe("the smoke test", () => {
  it("makes ten calls, here to the emulator", async () => {
    assert.lengthOf(Object.keys(calls), 10)
    await run(smoke.pipe(Effect.provideService(Console.Console, { ...console, log: () => {} })))
  })

  it("skips without a key, and asks Google only when told to", async () => {
    const file = fileURLToPath(new URL("../src/smoke.ts", import.meta.url))
    const { GEMINI_API_KEY: _key, GEMINI_BASE_URL: _url, ...env } = process.env
    const run = async (...args: ReadonlyArray<string>) =>
      (await promisify(execFile)(process.execPath, [file, ...args], { env })).stdout
    assert.strictEqual(await run("--google"), "smoke: skipped, no GEMINI_API_KEY is set\n")
    assert.match(await run(), /^smoke: skipped; `pnpm smoke --google`/)
  })
})

describe("the default model", () => {
  it("is pinned: it changes in a minor release, with a line in the changelog", () => {
    assert.strictEqual(GeminiConfig.defaultModel, "gemini-3.8-flash")
  })
})

describe("the plan around members", () => {
  it("answers by the next model while one is overloaded, and by hand when all of Gemini is away", async () => {
    const question = "What is a lane?"
    emulator.addFault({ error: { code: 503 }, when: { model: GeminiConfig.defaultModel } })
    assert.include(await Effect.runPromise(Plan.ask(question)), question)
    assert.deepStrictEqual(emulator.requests().map(({ model }) => model), [
      GeminiConfig.defaultModel,
      GeminiConfig.defaultModel,
      "gemini-2.5-flash"
    ])
    emulator.clear()
    emulator.addFault({ error: { code: 503 } })
    assert.include(await Effect.runPromise(Plan.ask(question)), "We cannot answer just now")
    assert.strictEqual(emulator.requests().length, 3)
  })

  it("sends a wrong question nowhere else", async () => {
    emulator.addFault({ error: { code: 400 } })
    const exit = await Effect.runPromiseExit(Plan.ask("What?"))
    assert.strictEqual(exit._tag, "Failure")
    assert.strictEqual(emulator.requests().length, 1)
  })
})

describe("mail sorted by decisions", () => {
  const mail = {
    from: "ada@example.com",
    text: "My card was charged twice, and the refunds do not come: money is lost!"
  }

  it("goes to the likeliest team, by a model for decisions", async () => {
    const { answeredBy, to, urgency } = await run(Effect.provide(sort(mail), calibrated))
    assert.deepStrictEqual([to, answeredBy], ["billing", "native"])
    assert.isAbove(urgency, 0.5)
    assert.deepStrictEqual(emulator.requests().map(({ apiMethod }) => apiMethod), ["decisions.create"])
  })

  it("goes to a person where no team is likely, by a model that writes", async () => {
    emulator.enqueue("{\"team\": {\"billing\": 0.5, \"technical\": 0.4}, \"urgent\": 0.2}")
    const { answeredBy, to, urgency } = await run(Effect.provide(sort({ ...mail, text: "Hello" }), written))
    assert.deepStrictEqual([to, answeredBy, urgency], ["person", "structured", 0.2])
  })
})
