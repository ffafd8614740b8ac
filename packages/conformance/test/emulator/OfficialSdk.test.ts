import {
  ApiError,
  type CallableTool,
  FinishReason,
  FunctionCallingConfigMode,
  GoogleGenAI,
  Modality
} from "@google/genai"
import * as Fault from "effect-gemini-emulator/Fault"
import * as Standalone from "effect-gemini-emulator/Standalone"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"

// The official SDK, as published, against the emulator over real sockets: what it reports here
// is what it reports for Google.

const model = "gemini-3.8-flash"

let emulator: Awaited<ReturnType<typeof Standalone.start>>
const sdk = (apiKey = "test-key", apiVersion?: string, baseUrl = emulator.url) =>
  new GoogleGenAI({
    apiKey,
    httpOptions: { baseUrl, ...(apiVersion === undefined ? {} : { apiVersion }) }
  })

beforeAll(async () => {
  emulator = await Standalone.start({
    keys: { invalid: ["invalid-key"], leaked: ["leaked-key"] },
    projects: { small: { keys: ["small-key"], quotas: { tier: "free", models: { "*": { rpm: 1 } } } } }
  })
})
beforeEach(() => emulator.clear())
afterAll(() => emulator.stop())

const failure = async (call: Promise<unknown>): Promise<ApiError> => {
  try {
    await call
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error("it was expected to fail")
}

const collect = async <A>(stream: AsyncIterable<A>): Promise<Array<A>> => {
  const out: Array<A> = []
  for await (const chunk of stream) out.push(chunk)
  return out
}

describe("every endpoint answers the official SDK", () => {
  it("generateContent, under v1, v1beta and v1alpha", async () => {
    for (const version of [undefined, "v1beta", "v1alpha"]) {
      const answer = await sdk("test-key", version).models.generateContent({ model, contents: "Say hello" })
      assert.include(answer.text, "Say hello")
      assert.strictEqual(answer.candidates?.[0]?.finishReason, "STOP")
      assert.strictEqual(answer.modelVersion, model)
      assert.match(answer.responseId ?? "", /^[\w-]{22}$/)
    }
    assert.deepStrictEqual(emulator.requests().map(({ path }) => path.split("/")[1]), ["v1", "v1beta", "v1alpha"])
  })

  it("generateContentStream: the chunks make the same text and end with the same usage", async () => {
    const whole = await sdk().models.generateContent({ model, contents: "Say hello" })
    const chunks = await collect(await sdk().models.generateContentStream({ model, contents: "Say hello" }))
    assert.isAbove(chunks.length, 2)
    assert.strictEqual(chunks.map((chunk) => chunk.text ?? "").join(""), whole.text)
    assert.deepStrictEqual(chunks.at(-1)?.usageMetadata, whole.usageMetadata)
    assert.deepStrictEqual(
      chunks.map((chunk) => chunk.candidates?.[0]?.finishReason === FinishReason.STOP),
      chunks.map((_, i) => i === chunks.length - 1)
    )
  })

  it("a chat keeps its history, signatures included", async () => {
    const chat = sdk().chats.create({ model })
    await chat.sendMessage({ message: "First" })
    const second = await collect(await chat.sendMessageStream({ message: "Second" }))
    assert.include(second.map((chunk) => chunk.text ?? "").join(""), "Second")
    const body = JSON.stringify(emulator.requests().at(-1)?.body)
    assert.include(body, "thoughtSignature")
  })

  it("countTokens", async () => {
    const { totalTokens } = await sdk().models.countTokens({ model, contents: "How many tokens is this?" })
    assert.strictEqual(totalTokens, 6)
  })

  it("embedContent: one vector per content, of the length asked for", async () => {
    const { embeddings } = await sdk().models.embedContent({
      model: "gemini-embedding-001",
      contents: ["one", "two"],
      config: { outputDimensionality: 256, taskType: "RETRIEVAL_QUERY" }
    })
    assert.deepStrictEqual(embeddings?.map(({ values }) => values?.length), [256, 256])
    assert.strictEqual(emulator.requests().at(-1)?.apiMethod, "batchEmbedContents")
  })

  it("models.list in pages, and models.get", async () => {
    const names: Array<string | undefined> = []
    for await (const each of await sdk().models.list({ config: { pageSize: 7 } })) names.push(each.name)
    assert.isAbove(emulator.requests().length, 2)
    assert.strictEqual(new Set(names).size, names.length)
    const one = await sdk().models.get({ model })
    assert.include(names, one.name)
    assert.include(one.supportedActions ?? [], "generateContent")
  })

  it("functions: two calls at once, their responses, then text", async () => {
    const config = {
      tools: [{
        functionDeclarations: ["get_weather", "get_time"].map((name) => ({
          name,
          parametersJsonSchema: {
            type: "object",
            properties: { city: { type: "string" }, days: { type: "integer", minimum: 1, maximum: 5 } },
            required: ["city", "days"]
          }
        }))
      }]
    }
    const question = { role: "user", parts: [{ text: "Use get_weather and get_time for Rome" }] }
    const asked = await sdk().models.generateContent({ model, contents: [question], config })
    assert.deepStrictEqual(asked.functionCalls?.map(({ name }) => name), ["get_weather", "get_time"])
    assert.isString(asked.functionCalls?.[0]?.args?.["city"])
    const content = asked.candidates?.[0]?.content
    assert.deepStrictEqual(content?.parts?.map((part) => part.thoughtSignature !== undefined), [true, false])
    const responses = (asked.functionCalls ?? []).map((call) => ({
      functionResponse: {
        ...call.id === undefined ? {} : { id: call.id },
        name: call.name ?? "",
        response: { output: 21 }
      }
    }))
    const history = [question, ...(content === undefined ? [] : [content]), { role: "user", parts: responses }]
    const told = await sdk().models.generateContent({ model, contents: history, config })
    assert.include(told.text, "get_weather returned {\"output\":21}.")

    const unsigned = (content?.parts ?? []).map(({ functionCall }) =>
      functionCall === undefined ? {} : { functionCall }
    )
    const stripped = { role: "model", parts: unsigned }
    const refused = await failure(
      sdk().models.generateContent({
        model,
        contents: [question, stripped, { role: "user", parts: responses }],
        config
      })
    )
    assert.strictEqual(refused.status, 400)
    assert.include(refused.message, "is missing a thought_signature in functionCall parts")
  })

  it("automatic function calling: the SDK runs the tools itself, alone and in a chat, and the history has all of it", async () => {
    const asked: Array<string> = []
    const look: CallableTool = {
      tool: () => Promise.resolve({ functionDeclarations: [{ name: "look" }] }),
      callTool: (calls) => {
        asked.push(...calls.map(({ name = "" }) => name))
        return Promise.resolve(calls.map(({ id, name = "" }) => ({
          functionResponse: { ...id === undefined ? {} : { id }, name, response: { output: "a lighthouse" } }
        })))
      }
    }
    const config = { tools: [look] }
    const { automaticFunctionCallingHistory, text } = await sdk().models.generateContent({
      model,
      contents: "Use look",
      config
    })
    assert.include(text, "a lighthouse")
    assert.deepStrictEqual(automaticFunctionCallingHistory?.map(({ role }) => role), ["user", "model", "user"])
    const chat = sdk().chats.create({ model, config })
    assert.include((await chat.sendMessage({ message: "Use look" })).text, "a lighthouse")
    await chat.sendMessage({ message: "Thank you" })
    assert.deepStrictEqual(asked, ["look", "look"])
    assert.include(JSON.stringify(emulator.requests().at(-1)?.body), "a lighthouse")
  })

  it("mode ANY calls a function that the prompt does not name", async () => {
    const { functionCalls } = await sdk().models.generateContent({
      model,
      contents: "Anything",
      config: {
        tools: [{ functionDeclarations: [{ name: "first" }, { name: "second" }] }],
        toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ["second"] } }
      }
    })
    assert.deepStrictEqual(functionCalls?.map(({ name }) => name), ["second"])
  })

  it("JSON by schema, thoughts, grounding, code, images", async () => {
    const json = await sdk().models.generateContent({
      model,
      contents: "A person",
      config: {
        responseMimeType: "application/json",
        responseSchema: {
          type: "OBJECT" as never,
          properties: { name: { type: "STRING" as never }, age: { type: "INTEGER" as never, minimum: 1, maximum: 9 } },
          required: ["name", "age"]
        }
      }
    })
    const person = JSON.parse(json.text ?? "")
    assert.isString(person.name)
    assert.include([1, 2, 3, 4, 5, 6, 7, 8, 9], person.age)

    const thinking = await sdk().models.generateContent({
      model,
      contents: "Think",
      config: { thinkingConfig: { includeThoughts: true } }
    })
    assert.isTrue(thinking.candidates?.[0]?.content?.parts?.[0]?.thought)
    assert.isAbove(thinking.usageMetadata?.thoughtsTokenCount ?? 0, 0)

    const grounded = await sdk().models.generateContent({
      model,
      contents: "News?",
      config: { tools: [{ googleSearch: {} }] }
    })
    assert.isAbove(grounded.candidates?.[0]?.groundingMetadata?.groundingChunks?.length ?? 0, 0)

    const coded = await sdk().models.generateContent({
      model,
      contents: "2 + 2",
      config: { tools: [{ codeExecution: {} }] }
    })
    assert.include(coded.executableCode, "print")
    assert.isString(coded.codeExecutionResult)

    const drawn = await sdk().models.generateContent({
      model: "gemini-3.1-flash-image",
      contents: "A cat",
      config: { responseModalities: [Modality.TEXT, Modality.IMAGE] }
    })
    assert.strictEqual(Buffer.from(drawn.data ?? "", "base64").subarray(1, 4).toString(), "PNG")
  })

  it("a blocked prompt has no candidates, and is not an error", async () => {
    const answer = await sdk().models.generateContent({ model, contents: "emulator:block PROHIBITED_CONTENT" })
    assert.strictEqual(answer.promptFeedback?.blockReason, "PROHIBITED_CONTENT")
    assert.isUndefined(answer.candidates)
  })
})

describe("every refusal reaches the official SDK as Google's would", () => {
  it("400: a key that is not valid", async () => {
    const error = await failure(sdk("invalid-key").models.generateContent({ model, contents: "Hi" }))
    assert.strictEqual(error.status, 400)
    const body = JSON.parse(error.message)
    assert.strictEqual(body.error.message, "API key not valid. Please pass a valid API key.")
    assert.strictEqual(body.error.details[0].reason, "API_KEY_INVALID")
  })

  it("403: a leaked key", async () => {
    const error = await failure(sdk("leaked-key").models.generateContent({ model, contents: "Hi" }))
    assert.strictEqual(error.status, 403)
    assert.strictEqual(JSON.parse(error.message).error.status, "PERMISSION_DENIED")
  })

  it("404: an unknown model, named with version and method", async () => {
    const error = await failure(sdk().models.generateContent({ model: "gemini-none", contents: "Hi" }))
    assert.strictEqual(error.status, 404)
    assert.match(
      JSON.parse(error.message).error.message,
      /^models\/gemini-none is not found for API version v1, or is not supported for generateContent\. Call /
    )
  })

  it("404 of a stream: the body under text/event-stream comes back doubly encoded", async () => {
    const error = await failure(sdk().models.generateContentStream({ model: "gemini-none", contents: "Hi" }))
    assert.strictEqual(error.status, 404)
    const outer = JSON.parse(error.message)
    assert.deepStrictEqual([outer.error.code, outer.error.status], [404, "Not Found"])
    assert.strictEqual(JSON.parse(outer.error.message).error.status, "NOT_FOUND")
  })

  it("429: the quota, its id and the delay", async () => {
    await sdk("small-key").models.generateContent({ model, contents: "Hi" })
    const error = await failure(sdk("small-key").models.generateContent({ model, contents: "Hi" }))
    assert.strictEqual(error.status, 429)
    const { details, message } = JSON.parse(error.message).error
    assert.match(message, /limit: 1, model: gemini-3\.8-flash\nPlease retry in [\d.]+s\.$/)
    assert.strictEqual(details[1].violations[0].quotaId, "GenerateRequestsPerMinutePerProjectPerModel-FreeTier")
    assert.match(details[2].retryDelay, /^\d+s$/)
    emulator.adjust("1 minute")
    await sdk("small-key").models.generateContent({ model, contents: "Hi" })
  })

  it("503: overload", async () => {
    emulator.addFault({ status: 503 })
    const error = await failure(sdk().models.generateContent({ model, contents: "Hi" }))
    assert.strictEqual(error.status, 503)
    assert.include(error.message, "experiencing high demand")
  })

  it("a region: its base URL, its quota, its outage", async () => {
    const west = sdk("small-key", undefined, emulator.regionUrl("europe-west4"))
    const ask = { model, contents: "Hi" }
    await sdk("small-key").models.generateContent(ask)
    await west.models.generateContent(ask)
    const spent = await failure(west.models.generateContent(ask))
    assert.strictEqual(spent.status, 429)
    assert.include(spent.message, "\"location\":\"europe-west4\"")
    emulator.addFault(Fault.outage("europe-west4"))
    const down = await failure(west.models.generateContent(ask))
    assert.strictEqual(down.status, 503)
    assert.include(down.message, "The service is currently unavailable.")
  })

  it("499 in the middle of a stream, after the chunks before it", async () => {
    // The SDK looks for a bare error in whole reads only: the pause gives the error a read of its own.
    emulator.addFault({ errorAfter: { code: 499, chunks: 2 }, stall: { chunks: 2, millis: 20 } })
    const texts: Array<string | undefined> = []
    const error = await failure((async () => {
      for await (const chunk of await sdk().models.generateContentStream({ model, contents: "Hi" })) {
        texts.push(chunk.text)
      }
    })())
    assert.strictEqual(texts.length, 2)
    assert.strictEqual(error.status, 499)
    assert.include(error.message, "The operation was cancelled.")
  })

  it("a connection that breaks is an error, not an end", async () => {
    emulator.addFault({ cut: { chunks: 2 }, stall: { chunks: 2, millis: 20 } })
    let chunks = 0
    let broken: unknown
    try {
      for await (const _ of await sdk().models.generateContentStream({ model, contents: "Hi" })) chunks++
    } catch (error) {
      broken = error
    }
    assert.instanceOf(broken, Error)
    assert.strictEqual(chunks, 2)
  })
})
