// 18.2: the official SDK against the emulator, over real sockets: every method of the Interactions API and of webhooks.
import { createGoogleGenerativeAI } from "@ai-sdk/google"
import { GoogleGenAI } from "@google/genai"
import { generateText, stepCountIs, streamText, tool } from "ai"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Crypto from "node:crypto"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"
import { z } from "zod"

let emulator: Awaited<ReturnType<typeof Standalone.start>>
let ai: GoogleGenAI
beforeAll(async () => {
  emulator = await Standalone.start({ interactions: { running: 300, research: 600 }, webhookRetry: 20 })
  ai = new GoogleGenAI({ apiKey: "test-key", httpOptions: { baseUrl: emulator.url } })
})
beforeEach(() => emulator.clear())
afterAll(() => emulator.stop())

const model = "gemini-3.8-flash"
const agent = "deep-research-preview-04-2026"
const weather = {
  type: "function" as const,
  name: "get_weather",
  description: "Says the weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
}

/** The requests that came, each as its verb and its path without ids. */
const asked = () => emulator.requests().map(({ method, path }) => `${method} ${path.replace(/v1_[\w-]+/, "ID")}`)

/** What a stream of the SDK brings. */
interface Told {
  readonly event_type?: string | undefined
  readonly event_id?: string | undefined
  readonly index?: number | undefined
  readonly delta?: { readonly type?: string; readonly text?: string; readonly arguments?: string } | undefined
  readonly interaction?: { readonly id: string; readonly status: string } | undefined
}

const all = async (stream: AsyncIterable<unknown>, most = Infinity): Promise<ReadonlyArray<Told>> => {
  const events: Array<Told> = []
  for await (const event of stream) {
    events.push(event as Told)
    if (events.length >= most) break
  }
  return events
}

const textOf = (events: ReadonlyArray<Told>): string =>
  events.map(({ delta }) => delta?.type === "text" ? delta.text ?? "" : "").join("")

/** Asks until it has ended. */
const ended = async (id: string) => {
  for (;;) {
    const found = await ai.interactions.get(id)
    if (found.status !== "in_progress") return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe("the official SDK", () => {
  it("asks, is answered, and goes on by the id", async () => {
    const first = await ai.interactions.create({ model, input: "My name is Ada.", system_instruction: "Be brief." })
    assert.strictEqual(first.status, "completed")
    assert.include(first.output_text, "My name is Ada.")
    emulator.setRules([{ when: { history: { contains: "Ada" } }, reply: "You are Ada." }])
    const second = await ai.interactions.create({ model, input: "Who am I?", previous_interaction_id: first.id })
    assert.strictEqual(second.output_text, "You are Ada.")
    assert.strictEqual((await ai.interactions.get(second.id)).previous_interaction_id, first.id)
    assert.isAbove(second.usage?.total_input_tokens ?? 0, first.usage?.total_input_tokens ?? 0)
  })

  it("streams, and drops [DONE]", async () => {
    const events = await all(await ai.interactions.create({ model, input: "Tell me", stream: true }))
    assert.deepStrictEqual(
      [events[0]?.event_type, events[1]?.event_type, events.at(-1)?.event_type],
      ["interaction.created", "interaction.status_update", "interaction.completed"]
    )
    const kept = await ai.interactions.get(events[0]?.interaction?.id ?? "")
    assert.strictEqual(kept.output_text, textOf(events))
  })

  it("resumes behind any event, and asks only by GET", async () => {
    const whole = await all(await ai.interactions.create({ model, input: "Tell me", stream: true }))
    const id = whole[0]?.interaction?.id ?? ""
    for (const [i, { event_id }] of whole.entries()) {
      const rest = await all(
        await ai.interactions.get(id, { stream: true, ...(event_id ? { last_event_id: event_id } : {}) })
      )
      assert.deepStrictEqual(rest, whole.slice(i + 1))
    }
    assert.strictEqual(asked().filter((each) => each.startsWith("POST")).length, 1)
  })

  it("follows what runs in the background, leaves it, and comes back", async () => {
    const head = await all(await ai.interactions.create({ model, input: "Later", background: true, stream: true }), 4)
    const id = head[0]?.interaction?.id ?? ""
    const last = head.at(-1)?.event_id ?? ""
    const rest = await all(await ai.interactions.get(id, { stream: true, last_event_id: last }))
    const whole = await ai.interactions.get(id)
    assert.strictEqual(whole.status, "completed")
    assert.strictEqual(textOf([...head, ...rest]), whole.output_text)
  })

  it("polls, cancels and deletes", async () => {
    const one = await ai.interactions.create({ model, input: "Later", background: true })
    assert.strictEqual(one.status, "in_progress")
    assert.strictEqual((await ended(one.id)).status, "completed")
    const two = await ai.interactions.create({ model, input: "Later", background: true })
    assert.strictEqual((await ai.interactions.cancel(two.id)).status, "cancelled")
    await ai.interactions.delete(two.id)
    const error = await ai.interactions.get(two.id).catch((error: unknown) => error)
    assert.match(String(error), /NotFoundError: 404 Interaction 'v1_/)
    assert.includeMembers(asked(), ["POST /v1/interactions/ID/cancel", "DELETE /v1/interactions/ID"])
  })

  it("calls functions, streamed and not, in parallel, until there are none", async () => {
    const first = await ai.interactions.create({ model, input: "call get_weather", tools: [weather] })
    assert.strictEqual(first.status, "requires_action")
    const call = first.steps?.find((step) => step.type === "function_call")
    assert.strictEqual(call?.type === "function_call" && call.name, "get_weather")
    const id = call?.type === "function_call" ? call.id : ""
    const second = await ai.interactions.create({
      model,
      previous_interaction_id: first.id,
      input: [{ type: "function_result", call_id: id, name: "get_weather", result: [{ type: "text", text: "3 °C" }] }]
    })
    assert.include(second.output_text, "3 °C")
    const both = "emulator:call get_weather {\"city\":\"Oslo\"}\nemulator:call get_weather {\"city\":\"Rome\"}"
    const events = await all(await ai.interactions.create({ model, input: both, tools: [weather], stream: true }))
    const texts = new Map<number, string>()
    for (const { delta, index = 0 } of events) {
      if (delta?.type === "arguments_delta") texts.set(index, (texts.get(index) ?? "") + (delta.arguments ?? ""))
    }
    assert.deepStrictEqual([...texts.values()].map((text) => JSON.parse(text)), [{ city: "Oslo" }, { city: "Rome" }])
    assert.strictEqual(events.at(-1)?.interaction?.status, "requires_action")
  })

  it("goes on by tokens, whole and streamed, until the answer is there", async () => {
    const long = "emulator:words 3000"
    const whole = await ai.interactions.create({ model: "gemini-4-argon", input: long })
    assert.strictEqual(whole.status, "completed")
    assert.lengthOf(whole.output_text?.split(" ") ?? [], 3_000)
    const stateless = await ai.interactions.create({ model: "gemini-4-argon", input: long, store: false })
    assert.strictEqual(stateless.output_text, whole.output_text)
    const events = await all(await ai.interactions.create({ model: "gemini-4-argon", input: long, stream: true }))
    assert.strictEqual(textOf(events), whole.output_text)
    const bodies = emulator.requests().map(({ body }) => body as { readonly continuation_token?: string })
    const tokens = bodies.flatMap((body) => body.continuation_token ?? [])
    assert.isAbove(tokens.length, 3)
  })

  it("retries what passes, and says what does not", async () => {
    emulator.addFault({
      when: { method: "interactions.create", times: 1 },
      status: 503,
      headers: { "retry-after-ms": "1" }
    })
    assert.strictEqual((await ai.interactions.create({ model, input: "Hi" })).status, "completed")
    const wrong = await ai.interactions.create({ model, input: "Hi", store: false, background: true }).catch((
      error: unknown
    ) => error)
    assert.match(String(wrong), /BadRequestError: 400 'background' requires 'store' to be true/)
    const unknown = await ai.interactions.create({ model: "none", input: "Hi" }).catch((error: unknown) => error)
    assert.match(String(unknown), /NotFoundError: 404 models\/none is not found/)
  })

  it("reads the old envelope of music as one step", async () => {
    // On the way through its automatic continuation, SDK 3.3.0 loses such an answer; `get` has it.
    const { id } = await ai.interactions.create({ model: "lyria-3-clip-preview", input: "A waltz" })
    const made = await ai.interactions.get(id)
    assert.deepStrictEqual(made.steps?.map(({ type }) => type), ["model_output"])
  })

  it("researches: a plan, the plan changed, the report with its citations", async () => {
    const config = { type: "deep-research" as const, thinking_summaries: "auto" as const }
    const plan = await ai.interactions.create({
      agent,
      input: "Trams",
      background: true,
      agent_config: { ...config, collaborative_planning: true }
    })
    assert.include((await ended(plan.id)).output_text, "1. What is known about Trams?")
    const stream = await ai.interactions.create({
      agent,
      input: "Go on",
      background: true,
      stream: true,
      previous_interaction_id: plan.id,
      agent_config: config
    })
    const events = await all(stream)
    assert.include(textOf(events), "# Trams")
    const report = await ended(events[0]?.interaction?.id ?? "")
    const last = report.steps?.at(-1)
    const content = last?.type === "model_output" ? last.content?.[0] : undefined
    assert.lengthOf(content?.type === "text" ? content.annotations ?? [] : [], 6)
  })

  it("registers a webhook, which tells of the end, and rotates its secret", async () => {
    const received: Array<{ readonly headers: Http.IncomingHttpHeaders; readonly body: string }> = []
    const server = Http.createServer((request, response) => {
      let body = ""
      request.on("data", (chunk: Buffer) => {
        body += String(chunk)
      })
      request.on("end", () => {
        received.push({ headers: request.headers, body })
        response.writeHead(received.length === 1 ? 500 : 204).end()
      })
    })
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve())
    })
    try {
      const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      const hook = await ai.webhooks.create({ name: "mine", uri, subscribed_events: ["interaction.completed"] })
      const { secret = "" } = await ai.webhooks.rotateSigningSecret(hook.id ?? "", {
        revocation_behavior: "revoke_previous_secrets_after_h24"
      })
      const made = await ai.interactions.create({ model, input: "Later", background: true })
      const [delivery] = await emulator.webhooks.awaitEnded(1)
      assert.deepStrictEqual(delivery?.attempts.map(({ status }) => status), [500, 204])
      const [first, again] = received
      assert.strictEqual(first?.headers["webhook-id"], again?.headers["webhook-id"])
      assert.deepInclude(JSON.parse(again?.body ?? ""), { type: "interaction.completed", data: { id: made.id } })
      const signed = `${again?.headers["webhook-id"]}.${again?.headers["webhook-timestamp"]}.${again?.body}`
      const expected = [secret, hook.new_signing_secret ?? ""].map((each) =>
        `v1,${Crypto.createHmac("sha256", Buffer.from(each.slice(6), "base64")).update(signed).digest("base64")}`
      )
      assert.strictEqual(again?.headers["webhook-signature"], expected.join(" "))
      assert.lengthOf((await ai.webhooks.list()).webhooks ?? [], 1)
      await ai.webhooks.ping(hook.id ?? "")
      await emulator.webhooks.awaitEnded(2)
      await ai.webhooks.delete(hook.id ?? "")
      assert.lengthOf((await ai.webhooks.list()).webhooks ?? [], 0)
    } finally {
      server.close()
    }
  })
})

describe("@ai-sdk/google", () => {
  const google = () => createGoogleGenerativeAI({ apiKey: "test-key", baseURL: `${emulator.url}/v1beta` })

  it("calls a tool by interactions, and streams", async () => {
    const said = await generateText({
      model: google().interactions(model),
      prompt: "call get_weather",
      stopWhen: stepCountIs(3),
      tools: {
        get_weather: tool({
          description: "Says the weather of a city",
          inputSchema: z.object({ city: z.string() }),
          execute: () => Promise.resolve({ celsius: 3 })
        })
      }
    })
    assert.include(said.text, "get_weather returned")
    const stream = streamText({ model: google().interactions(model), prompt: "Hello" })
    assert.include(await stream.text, "Hello")
  })

  it("waits for a research", async () => {
    const said = await generateText({
      model: google().interactions({ agent }),
      prompt: "Trams",
      providerOptions: { google: { background: true } }
    })
    assert.include(said.text, "# Trams")
    assert.isAbove(said.sources.length, 0)
  })
})
