import {
  ActivityHandling,
  Behavior,
  type CallableTool,
  type FunctionCall,
  type FunctionDeclaration,
  FunctionResponseScheduling,
  GoogleGenAI,
  type LiveConnectConfig,
  type LiveServerMessage,
  mcpToTool,
  Modality,
  type Session,
  StartSensitivity,
  ThinkingLevel
} from "@google/genai"
import * as ModelTable from "effect-gemini-emulator/ModelTable"
import * as Standalone from "effect-gemini-emulator/Standalone"
import { createRequire } from "node:module"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"

// The official SDK's live client, as published, against the emulator over real sockets.

const robot = "gemini-robotics-er-2-streaming-preview"
const native = "gemini-2.5-flash-native-audio-preview-12-2025"
const live38 = "gemini-3.8-live"

let emulator: Awaited<ReturnType<typeof Standalone.start>>

beforeAll(async () => {
  emulator = await Standalone.start({
    keys: { invalid: ["invalid-key"], expired: ["expired-key"] },
    projects: { small: { keys: ["small-key"], quotas: { models: {}, sessions: 1 } } },
    models: ModelTable.current,
    live: { chunkDelay: 2 }
  })
})
beforeEach(() => emulator.clear())
afterAll(() => emulator.stop())

interface Chat {
  readonly session: Session
  readonly messages: Array<LiveServerMessage>
  /** Waits for the first message from here on that satisfies it; gives all up to it. */
  readonly until: (last: (message: LiveServerMessage) => boolean) => Promise<ReadonlyArray<LiveServerMessage>>
  readonly turn: () => Promise<ReadonlyArray<LiveServerMessage>>
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
}

const general = { code: 1007, reason: "Request contains an invalid argument." }

const connect = async (
  config: LiveConnectConfig,
  options: {
    readonly model?: string
    readonly apiKey?: string
    readonly apiVersion?: string
    readonly region?: string
  } = {}
): Promise<Chat> => {
  const { apiKey = "key", apiVersion, model = robot, region = "global" } = options
  const ai = new GoogleGenAI({
    apiKey,
    httpOptions: { baseUrl: emulator.regionUrl(region), ...(apiVersion === undefined ? {} : { apiVersion }) }
  })
  const messages: Array<LiveServerMessage> = []
  let wake = () => {}
  let seen = 0
  let onClose: (event: { readonly code: number; readonly reason: string }) => void = () => {}
  const closed = new Promise<{ readonly code: number; readonly reason: string }>((resolve) => {
    onClose = resolve
  })
  const session = await ai.live.connect({
    model,
    config,
    callbacks: {
      onmessage: (message) => {
        messages.push(message)
        wake()
      },
      onclose: ({ code, reason }) => onClose({ code, reason })
    }
  })
  const until: Chat["until"] = async (last) => {
    const from = seen
    while (true) {
      while (seen < messages.length) {
        const message = messages[seen++]
        if (message !== undefined && last(message)) return messages.slice(from, seen)
      }
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return {
    session,
    messages,
    until,
    turn: () => until((message) => message.serverContent?.turnComplete === true),
    closed
  }
}

const textOf = (messages: ReadonlyArray<LiveServerMessage>): string =>
  messages.flatMap((message) => message.serverContent?.modelTurn?.parts ?? []).map((part) => part.text ?? "").join("")

const failure = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call
  } catch (error) {
    return String(error)
  }
  throw new Error("it was expected to fail")
}

const text = { responseModalities: [Modality.TEXT] }

describe("the official SDK's live client", () => {
  it("connects under v1, v1beta and v1alpha, by its double slash", async () => {
    for (const apiVersion of [undefined, "v1beta", "v1alpha"]) {
      const { session } = await connect(text, apiVersion === undefined ? {} : { apiVersion })
      session.close()
    }
  })

  it("text: several turns, in pieces, with usage; clientContent and realtime text alike", async () => {
    const { session, turn } = await connect(text)
    session.sendClientContent({ turns: "Tell me about rivers" })
    const first = await turn()
    assert.include(textOf(first), "Tell me about rivers")
    assert.isAbove(first.filter((message) => message.serverContent?.modelTurn !== undefined).length, 2)
    assert.isAbove(first.at(-1)?.usageMetadata?.responseTokenCount ?? 0, 0)
    session.sendRealtimeInput({ text: "emulator:recall" })
    assert.strictEqual(textOf(await turn()), "Tell me about rivers | emulator:recall")
    session.close()
  })

  it("audio out, with its transcription", async () => {
    const config = { responseModalities: [Modality.AUDIO], outputAudioTranscription: {} }
    const { session, turn } = await connect(config, { model: native })
    session.sendClientContent({ turns: "emulator:say one two three four" })
    const messages = await turn()
    const audio = messages.flatMap((message) => message.serverContent?.modelTurn?.parts ?? [])
    assert.deepStrictEqual(audio.map((part) => part.inlineData?.mimeType), Array(2).fill("audio/pcm;rate=24000"))
    const bytes = audio.reduce((sum, part) => sum + Buffer.from(part.inlineData?.data ?? "", "base64").length, 0)
    assert.strictEqual(bytes, 4 * 0.1 * 24_000 * 2)
    assert.strictEqual(
      messages.map((message) => message.serverContent?.outputTranscription?.text ?? "").join(""),
      "one two three four"
    )
    session.close()
  })

  it("audio in: speech, then silence, ends the user's turn", async () => {
    const { session, turn } = await connect({
      responseModalities: [Modality.AUDIO],
      inputAudioTranscription: {},
      realtimeInputConfig: {
        automaticActivityDetection: {
          silenceDurationMs: 300,
          startOfSpeechSensitivity: StartSensitivity.START_SENSITIVITY_HIGH
        }
      }
    }, { model: native })
    for (let i = 0; i < 5; i++) session.sendRealtimeInput({ audio: tone(100, 8000) })
    for (let i = 0; i < 3; i++) session.sendRealtimeInput({ audio: tone(100, 0) })
    const messages = await turn()
    assert.deepStrictEqual(
      messages.flatMap((message) => message.serverContent?.inputTranscription?.text ?? []),
      ["Speech of 0.50 seconds."]
    )
    session.close()
  })

  it("barge-in: interrupted, then turnComplete, without generationComplete", async () => {
    const { session, turn, until } = await connect(text)
    session.sendClientContent({ turns: "emulator:words 3000" })
    await until((message) => message.serverContent?.modelTurn !== undefined)
    session.sendClientContent({ turns: "emulator:say stop" })
    const cut = await turn()
    assert.strictEqual(cut.at(-2)?.serverContent?.interrupted, true)
    assert.isFalse(cut.some((message) => message.serverContent?.generationComplete === true))
    assert.strictEqual(textOf(await turn()), "stop")
    session.close()
  })

  it("goAway, and who closed with what is in the log", async () => {
    const { closed, session, until } = await connect(text)
    await emulator.live.send({ goAway: { timeLeft: "9s" } })
    const message = (await until((message) => message.goAway !== undefined)).at(-1)
    assert.strictEqual(message?.goAway?.timeLeft, "9s")
    await emulator.live.close(1011, "Deadline expired before operation could complete.")
    assert.deepStrictEqual(await closed, { code: 1011, reason: "Deadline expired before operation could complete." })
    session.close()
    const [entry] = await emulator.live.awaitClosed(1)
    assert.strictEqual(entry?.closedBy, "server")
    assert.deepStrictEqual(entry?.messages.map(({ from }) => from), ["client", "server", "server"])
  })

  it("tools: two calls in one message, two answers, one spoken turn", async () => {
    const { session, turn, until } = await connect({
      ...text,
      tools: [{ functionDeclarations: [{ name: "get_weather" }, { name: "get_time" }] }]
    })
    session.sendClientContent({ turns: "Use get_weather and get_time" })
    const calls: ReadonlyArray<FunctionCall> =
      (await until((message) => message.toolCall !== undefined)).at(-1)?.toolCall?.functionCalls ?? []
    assert.deepStrictEqual(calls.map(({ name }) => name), ["get_weather", "get_time"])
    session.sendToolResponse({
      functionResponses: calls.map(({ id, name }) => ({
        ...(id === undefined ? {} : { id }),
        ...(name === undefined ? {} : { name }),
        response: { output: `${name} is fine` }
      }))
    })
    const spoken = textOf(await turn())
    assert.include(spoken, "get_weather is fine")
    assert.include(spoken, "get_time is fine")
    session.close()
  })

  it("resumption: a new connection goes on with what was said", async () => {
    const first = await connect({ ...text, sessionResumption: {} })
    first.session.sendClientContent({ turns: "My name is Ada" })
    const updates = await first.until((message) => message.sessionResumptionUpdate?.resumable === true)
    const handle = updates.at(-1)?.sessionResumptionUpdate?.newHandle ?? ""
    first.session.close()
    await emulator.live.awaitClosed(1)
    const second = await connect({ ...text, sessionResumption: { handle } })
    second.session.sendClientContent({ turns: "emulator:recall" })
    assert.strictEqual(textOf(await second.turn()), "My name is Ada | emulator:recall")
    second.session.close()
  })

  it("refusals come as close frames: the key, the model, the setup, the quota", async () => {
    const before = "Error: Live connection closed before setup completed"
    assert.strictEqual(
      await failure(connect(text, { apiKey: "invalid-key" })),
      `${before} (code 1007): API key not valid. Please pass a valid API key.`
    )
    assert.strictEqual(
      await failure(connect(text, { apiKey: "expired-key" })),
      `${before} (code 1007): API key expired. Please renew the API key.`
    )
    assert.include(
      await failure(connect(text, { model: "gemini-3.8-flash" })),
      `${before} (code 1008): models/gemini-3.8-flash is not found for API version v1, or is not supported for bidi`
    )
    assert.strictEqual(
      await failure(connect(text, { model: native })),
      `${before} (code 1007): Request contains an invalid argument.`
    )
    const held = await connect(text, { apiKey: "small-key" })
    assert.include(await failure(connect(text, { apiKey: "small-key" })), `${before} (code 1011): You exceeded your`)
    const elsewhere = await connect(text, { apiKey: "small-key", region: "europe-west4" })
    elsewhere.session.close()
    held.session.close()
  })

  it("an ephemeral token: made by the SDK, used once, with the setup that it locks", async () => {
    const ai = new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl: emulator.url, apiVersion: "v1alpha" } })
    const token = await ai.authTokens.create({
      config: { uses: 1, liveConnectConstraints: { model: robot, config: text } }
    })
    assert.match(token.name ?? "", /^auth_tokens\/[0-9a-f]{64}$/)
    const browser = { apiKey: token.name ?? "", apiVersion: "v1alpha", model: native }
    const { session, turn } = await connect({ responseModalities: [Modality.AUDIO] }, browser)
    session.sendClientContent({ turns: "Hello" })
    assert.include(textOf(await turn()), robot)
    session.close()
    assert.include(
      await failure(connect(text, browser)),
      "(code 1008): Request had invalid authentication credentials."
    )
  })
})

describe("the official SDK's further calls of Live", () => {
  const look: FunctionDeclaration = { name: "look" }
  const spoken = { responseModalities: [Modality.AUDIO], outputAudioTranscription: {} }
  const heardOf = (messages: ReadonlyArray<LiveServerMessage>) =>
    messages.map((message) => message.serverContent?.outputTranscription?.text ?? "").join("")
  const callsOf = (messages: ReadonlyArray<LiveServerMessage>) => messages.at(-1)?.toolCall?.functionCalls ?? []
  const isCall = (message: LiveServerMessage) => message.toolCall !== undefined
  const kindsOf = (messages: ReadonlyArray<LiveServerMessage>) =>
    messages.map((message) => Object.keys(message.serverContent ?? message).join("+"))

  it("tools: a CallableTool and the tools of an MCP server are declared, and called by the program", async () => {
    const asked: Array<FunctionCall> = []
    const callable: CallableTool = {
      tool: () => Promise.resolve({ functionDeclarations: [look] }),
      callTool: (calls) => {
        asked.push(...calls)
        return Promise.resolve(calls.map(({ id, name }) => ({
          functionResponse: {
            ...(id === undefined ? {} : { id }),
            ...(name === undefined ? {} : { name }),
            response: { output: "a lighthouse" }
          }
        })))
      }
    }
    // The SDK's own copy of the MCP SDK, so that the tools are those of a real server.
    const load = createRequire(createRequire(import.meta.url).resolve("@google/genai"))
    const { Client } = load("@modelcontextprotocol/sdk/client/index.js")
    const { McpServer } = load("@modelcontextprotocol/sdk/server/mcp.js")
    const { InMemoryTransport } = load("@modelcontextprotocol/sdk/inMemory.js")
    const server = new McpServer({ name: "tides", version: "1" })
    server.registerTool("tide", { description: "The height of the tide" }, () => ({
      content: [{ type: "text", text: "three metres" }]
    }))
    const client = new Client({ name: "test", version: "1" })
    const [near, far] = InMemoryTransport.createLinkedPair()
    await Promise.all([server.connect(far), client.connect(near)])
    const mcp = mcpToTool(client)
    const { session, turn, until } = await connect({ ...text, tools: [callable, mcp] })
    const answer = async (prompt: string, tool: CallableTool) => {
      session.sendClientContent({ turns: prompt })
      const calls = callsOf(await until(isCall))
      const parts = await tool.callTool(calls)
      session.sendToolResponse({
        functionResponses: parts.map(({ functionResponse }, i) => ({ ...functionResponse, id: calls[i]?.id ?? "" }))
      })
      return textOf(await turn())
    }
    assert.include(await answer("emulator:call look {}", callable), "a lighthouse")
    assert.include(await answer("emulator:call tide {}", mcp), "three metres")
    assert.deepStrictEqual(asked.map(({ name }) => name), ["look"])
    session.close()
    await client.close()
  })

  it("resumption: a handle that nobody gave out ends the connection with 1008", async () => {
    assert.include(
      await failure(connect({ ...text, sessionResumption: { handle: "made-up" } })),
      "(code 1008): Requested entity was not found."
    )
  })

  it("an ephemeral token: uses are counted, resuming is none, and locked fields win over the page's", async () => {
    const ai = new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl: emulator.url, apiVersion: "v1alpha" } })
    const { name = "" } = await ai.authTokens.create({
      config: {
        uses: 2,
        liveConnectConstraints: { model: robot, config: text },
        lockAdditionalFields: []
      }
    })
    const browser = { apiKey: name, apiVersion: "v1alpha", model: robot }
    const resumable = { responseModalities: [Modality.AUDIO], sessionResumption: {} }
    const first = await connect(resumable, browser)
    first.session.sendClientContent({ turns: "My name is Ada" })
    const updates = await first.until((message) => message.sessionResumptionUpdate?.resumable === true)
    // The page asked for sound, and the lock says text.
    assert.include(textOf(updates), "Ada")
    first.session.close()
    await emulator.live.awaitClosed(1)
    const handle = updates.at(-1)?.sessionResumptionUpdate?.newHandle ?? ""
    const again = await connect({ ...resumable, sessionResumption: { handle } }, browser)
    again.session.sendClientContent({ turns: "emulator:recall" })
    assert.include(textOf(await again.turn()), "My name is Ada")
    again.session.close()
    const second = await connect(resumable, browser)
    second.session.close()
    assert.include(await failure(connect(resumable, browser)), "(code 1008): Request had invalid authentication")
  })

  it("a sliding window and every field of realtimeInputConfig are taken", async () => {
    const { session, turn } = await connect({
      ...text,
      contextWindowCompression: { triggerTokens: "20000", slidingWindow: { targetTokens: "8000" } },
      realtimeInputConfig: {
        activityHandling: ActivityHandling.NO_INTERRUPTION,
        automaticActivityDetection: { prefixPaddingMs: 20, silenceDurationMs: 200 }
      }
    })
    session.sendRealtimeInput({ text: "emulator:words 30" })
    session.sendRealtimeInput({ text: "emulator:say second" })
    const first = await turn()
    assert.notInclude(kindsOf(first), "interrupted")
    assert.strictEqual(textOf(await turn()), "second")
    session.close()
  })

  it("activity by hand: it starts and ends where the client says, and audioStreamEnd is refused", async () => {
    const { closed, session, turn } = await connect({
      ...spoken,
      inputAudioTranscription: {},
      realtimeInputConfig: { automaticActivityDetection: { disabled: true } }
    }, { model: native })
    session.sendRealtimeInput({ activityStart: {} })
    // Silence counts too: only the client says when somebody speaks.
    session.sendRealtimeInput({ audio: tone(250, 0) })
    session.sendRealtimeInput({ activityEnd: {} })
    const messages = await turn()
    assert.deepStrictEqual(
      messages.flatMap((message) => message.serverContent?.inputTranscription?.text ?? []),
      ["Speech of 0.25 seconds."]
    )
    session.sendRealtimeInput({ audioStreamEnd: true })
    assert.deepStrictEqual(await closed, general)
  })

  it("audioStreamEnd ends the user's turn where activity is detected", async () => {
    const { session, turn } = await connect({ ...spoken, inputAudioTranscription: {} }, { model: native })
    session.sendRealtimeInput({ audio: tone(300, 8000) })
    session.sendRealtimeInput({ audioStreamEnd: true })
    const messages = await turn()
    assert.strictEqual(
      messages.flatMap((message) => message.serverContent?.inputTranscription?.text ?? []).join(""),
      "Speech of 0.30 seconds."
    )
    session.close()
  })

  it("video: each frame is 258 tokens of the prompt", async () => {
    const { session, turn } = await connect(text)
    const frame = { mimeType: "image/jpeg", data: Buffer.alloc(64).toString("base64") }
    session.sendRealtimeInput({ video: frame })
    session.sendRealtimeInput({ video: frame })
    session.sendRealtimeInput({ text: "What do you see?" })
    const usage = (await turn()).at(-1)?.usageMetadata
    const video = usage?.promptTokensDetails?.find(({ modality }) => modality === "VIDEO")
    assert.strictEqual(video?.tokenCount, 516)
    session.close()
  })

  it("NON_BLOCKING: the turn goes on, and scheduling says what the answer does", async () => {
    const tools = [{ functionDeclarations: [{ ...look, behavior: Behavior.NON_BLOCKING }] }]
    const { session, turn, until } = await connect({ ...spoken, tools }, { model: native })
    const ask = async (scheduling: FunctionResponseScheduling) => {
      session.sendClientContent({ turns: "emulator:call look {}" })
      const [call] = callsOf(await until(isCall))
      await turn()
      session.sendToolResponse({
        functionResponses: [{ id: call?.id ?? "", name: "look", response: { output: scheduling }, scheduling }]
      })
    }
    await ask(FunctionResponseScheduling.WHEN_IDLE)
    assert.include(heardOf(await turn()), "WHEN_IDLE")
    await ask(FunctionResponseScheduling.SILENT)
    session.sendClientContent({ turns: "emulator:say after silence" })
    // Nothing was said about the silent answer before that.
    assert.strictEqual(heardOf(await turn()), "after silence")
    await ask(FunctionResponseScheduling.INTERRUPT)
    assert.include(heardOf(await turn()), "INTERRUPT")
    session.close()
  })

  it("scheduling is refused by a model that does not have it", async () => {
    const tools = [{ functionDeclarations: [look] }]
    const { closed, session, until } = await connect({ ...spoken, tools }, { model: live38 })
    session.sendRealtimeInput({ text: "emulator:call look {}" })
    const [call] = callsOf(await until(isCall))
    session.sendToolResponse({
      functionResponses: [{
        id: call?.id ?? "",
        name: "look",
        response: {},
        scheduling: FunctionResponseScheduling.WHEN_IDLE
      }]
    })
    assert.deepStrictEqual(await closed, general)
  })

  it("proactivity, affective dialog and thinking are taken by the native model", async () => {
    const { session, turn } = await connect({
      ...spoken,
      proactivity: { proactiveAudio: true },
      enableAffectiveDialog: true,
      thinkingConfig: { thinkingBudget: 512, includeThoughts: true }
    }, { model: native, apiVersion: "v1alpha" })
    session.sendClientContent({ turns: "emulator:say gladly" })
    assert.strictEqual(heardOf(await turn()), "gladly")
    session.close()
  })

  it("thinkingConfig is refused by gemini-3.8-live", async () => {
    const config = { ...spoken, thinkingConfig: { thinkingLevel: ThinkingLevel.LOW } }
    assert.include(await failure(connect(config, { model: live38 })), `(code 1007): ${general.reason}`)
  })

  it("a rate of sound that changes, two modalities and clientContent in mid-talk are refused", async () => {
    const rates = await connect(spoken, { model: native })
    rates.session.sendRealtimeInput({ audio: tone(20, 0) })
    rates.session.sendRealtimeInput({ audio: { ...tone(20, 0), mimeType: "audio/pcm;rate=24000" } })
    assert.deepStrictEqual(await rates.closed, {
      code: 1007,
      reason: "Sample rate changed from previously 16000 to 24000, which is not supported."
    })
    assert.include(
      await failure(connect({ responseModalities: [Modality.TEXT, Modality.AUDIO] })),
      `(code 1007): ${general.reason}`
    )
    const talk = await connect(spoken, { model: live38 })
    talk.session.sendRealtimeInput({ text: "emulator:words 3000" })
    await talk.until((message) => message.serverContent?.modelTurn !== undefined)
    talk.session.sendClientContent({ turns: "and" })
    assert.deepStrictEqual(await talk.closed, general)
  })

  it("two texts at once are two turns, of which the second cuts the first", async () => {
    const { session, turn } = await connect(text)
    session.sendClientContent({ turns: "emulator:words 3000" })
    session.sendClientContent({ turns: "emulator:say second" })
    assert.include(kindsOf(await turn()), "interrupted")
    assert.strictEqual(textOf(await turn()), "second")
    session.close()
  })

  it("a context update: other instructions and other tools from there on", async () => {
    const { session, turn, until } = await connect({ ...text, systemInstruction: "Be brief." })
    session.sendContextUpdate({
      systemInstruction: "Be long.",
      tools: { tools: [{ functionDeclarations: [look] }] }
    })
    session.sendClientContent({ turns: "emulator:call look {}" })
    const [call] = callsOf(await until(isCall))
    assert.strictEqual(call?.name, "look")
    session.sendToolResponse({ functionResponses: [{ id: call?.id ?? "", name: "look", response: { output: "sea" } }] })
    assert.include(textOf(await turn()), "sea")
    session.close()
  })

  it("an answer to a call that nobody made ends the connection with 1007", async () => {
    const { closed, session } = await connect({ ...text, tools: [{ functionDeclarations: [look] }] })
    session.sendToolResponse({ functionResponses: [{ id: "function-call-1", name: "look", response: {} }] })
    assert.deepStrictEqual(await closed, general)
  })

  it("music: connect returns, and the refusal is a close frame", async () => {
    const ai = new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl: emulator.url } })
    const { promise, resolve } = Promise.withResolvers<{ readonly code: number; readonly reason: string }>()
    await ai.live.music.connect({
      model: "models/lyria-realtime-exp",
      callbacks: { onmessage: () => {}, onclose: ({ code, reason }) => resolve({ code, reason }) }
    })
    assert.deepStrictEqual(await promise, {
      code: 1008,
      reason: "Operation is not implemented, or supported, or enabled."
    })
  })
})

/** So many milliseconds of a tone, s16le at 16 kHz. */
function tone(millis: number, loud: number) {
  const bytes = Buffer.alloc(millis * 32)
  for (let i = 0; i < millis * 16; i++) {
    bytes.writeInt16LE(Math.round(loud * Math.sin((2 * Math.PI * 300 * i) / 16_000)), 2 * i)
  }
  return { mimeType: "audio/pcm;rate=16000", data: bytes.toString("base64") }
}
