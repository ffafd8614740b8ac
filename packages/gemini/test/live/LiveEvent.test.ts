import { assert, describe, it } from "@effect/vitest"
import * as Cost from "effect-gemini/Cost"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import * as Events from "effect-gemini/live/LiveEvent"
import type { ServerMessage } from "effect-gemini/live/LiveProtocol"
import * as BigDecimal from "effect/BigDecimal"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { SessionCore } from "../../src/internal/live/SessionCore.ts"

const corpus = `${import.meta.dirname}/../../../../../shared/corpus`

const tags = (message: ServerMessage) => Events.fromMessage(message).map(({ _tag }) => _tag)

/** The texts and numbers of a value, wherever they are. */
const atoms = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(atoms)
  return typeof value === "string" || typeof value === "number" ? [String(value)] : []
}

/** What a message says and its events do not. Durations are told as durations, `role` is always the model's. */
const missing = (message: unknown): ReadonlyArray<string> => {
  const { goAway: _goAway, ...rest } = message as Record<string, unknown>
  const heard = new Set(atoms(Events.fromMessage(message as ServerMessage)))
  return atoms(rest).filter((atom) => atom !== "" && atom !== "model" && !heard.has(atom))
}

const server = (serverContent: ServerMessage["serverContent"]): ServerMessage => ({ serverContent })

describe("the events of a message", () => {
  it("say what stands beside the end of a turn", () => {
    const grounding = { webSearchQueries: ["tides"], groundingChunks: [{ web: { uri: "https://example.com" } }] }
    assert.deepStrictEqual(Events.fromMessage(server({ turnComplete: true, groundingMetadata: grounding })), [
      { _tag: "Grounding", grounding, urlContext: undefined },
      { _tag: "TurnComplete", reason: undefined }
    ])
    const urlContext = { urlMetadata: [{ retrievedUrl: "https://example.com" }] }
    assert.deepStrictEqual(Events.fromMessage(server({ urlContextMetadata: urlContext, groundingMetadata: {} })), [
      { _tag: "Grounding", grounding: undefined, urlContext }
    ])
    assert.deepStrictEqual(tags(server({ waitingForInput: true, turnComplete: true })), [
      "WaitingForInput",
      "TurnComplete"
    ])
    assert.deepStrictEqual(Events.fromMessage(server({ interactionStatus: "REQUIRES_ACTION" })), [
      { _tag: "InteractionStatus", status: "REQUIRES_ACTION" }
    ])
  })

  it("keep what nobody knows yet, at every level, and only that", () => {
    const message = {
      serverContent: {
        modelTurn: { role: "model", parts: [{ text: "x" }], mood: "calm" },
        futureField: 4
      },
      toolCall: { functionCalls: [{ name: "f" }], urgency: "high" },
      futureSibling: { a: [5] },
      constructor: 6
    }
    const events = Events.fromMessage(message)
    assert.deepStrictEqual(events.map(({ _tag }) => _tag), ["Text", "ToolCall", "Other"])
    assert.deepStrictEqual<unknown>(events.at(-1), {
      _tag: "Other",
      message: {
        serverContent: { modelTurn: { mood: "calm" }, futureField: 4 },
        toolCall: { urgency: "high" },
        futureSibling: { a: [5] },
        constructor: 6
      }
    })
    const unknown = { futureMessage: { a: 1 }, goAway: null }
    assert.deepStrictEqual<unknown>(Events.fromMessage(unknown), [{
      _tag: "Other",
      message: { futureMessage: { a: 1 } }
    }])
  })

  it("say nothing of what says nothing", () => {
    const output = { text: "" }
    const silent: ReadonlyArray<ServerMessage> = [
      {},
      server({}),
      server({ modelTurn: {} }),
      server({ outputTranscription: output }),
      server({ groundingMetadata: {} }),
      { setupComplete: { sessionId: "s" } }
    ]
    for (const message of silent) assert.deepStrictEqual(Events.fromMessage(message), [], JSON.stringify(message))
    assert.deepStrictEqual(tags(server({ outputTranscription: { text: "", finished: true } })), ["OutputTranscription"])
  })

  it("carry a part whole where it says more than its text or its sound", () => {
    const text = { text: "x", thoughtSignature: "sig" }
    const sound = { inlineData: { mimeType: "audio/pcm", data: "AAAA" }, thoughtSignature: "sig" }
    const [first, second, third] = Events.fromMessage(server({ modelTurn: { parts: [text, sound, { text: "y" }] } }))
    assert.deepStrictEqual(first, { _tag: "Text", text: "x", isThought: false, part: text })
    assert.deepStrictEqual<unknown>(second?._tag === "Audio" ? second.part : undefined, sound)
    assert.deepStrictEqual(third, { _tag: "Text", text: "y", isThought: false })
  })

  it("carry transcriptions with their words and speakers, and how far the server has read", () => {
    const transcription = { text: "ah", speakerLabel: "spk_1", words: [{ word: "ah", startOffset: "0.1s" }] }
    const [event] = Events.fromMessage(server({ inputTranscription: transcription }))
    assert.deepStrictEqual<unknown>(
      event?._tag === "InputTranscription" ? event.transcription : undefined,
      transcription
    )
    const update = { newHandle: "h", resumable: true, lastConsumedClientMessageIndex: "7" }
    assert.deepStrictEqual(Events.fromMessage({ sessionResumptionUpdate: update }), [
      { _tag: "Resumption", handle: "h", lastConsumed: 7 }
    ])
  })

  it("carry usage by modality, so that spoken tokens have their own price", () => {
    const [event] = Events.fromMessage({
      usageMetadata: {
        promptTokenCount: 0,
        responseTokenCount: 1_000_000,
        responseTokensDetails: [{ modality: "AUDIO", tokenCount: 1_000_000 }]
      }
    })
    assert.strictEqual(event?._tag, "Usage")
    if (event?._tag !== "Usage") return
    assert.strictEqual(event.usage.candidatesTokens, 1_000_000)
    const of = (metadata: typeof event.metadata) =>
      Cost.of("gemini-2.5-flash-native-audio-preview-12-2025", { usageMetadata: metadata })
    const spoken = of(event.metadata).total
    const written =
      of({ ...event.metadata, candidatesTokensDetails: [{ modality: "TEXT", tokenCount: 1_000_000 }] }).total
    assert.isTrue(spoken !== undefined && written !== undefined && BigDecimal.isGreaterThan(spoken, written))
  })

  it.skipIf(!existsSync(corpus))("say every atom of every recorded session", () => {
    let count = 0
    for (const file of readdirSync(`${corpus}/cases`, { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".json")) continue
      const recording = JSON.parse(readFileSync(`${corpus}/cases/${file}`, "utf8"))
      if (recording.op !== "live") continue
      for (const { data, from } of recording.response.frames) {
        if (from !== "server" || "setupComplete" in data) continue
        count++
        assert.deepStrictEqual(missing(data), [], `${recording.id}: ${JSON.stringify(data).slice(0, 300)}`)
      }
    }
    assert.isAbove(count, 200)
  })
})

describe("bookkeeping before events are read", () => {
  const quiet = () => undefined
  const core = () =>
    new SessionCore({
      model: "m",
      inboundLimit: 1 << 24,
      unreadable: "fail",
      hasTools: false,
      takesHistory: false,
      mayRepeat: false,
      isTransparent: false,
      hearsInSilence: false,
      turnEnd: 10_000
    }, {
      toolCall: quiet,
      toolCancel: quiet,
      toolLost: quiet,
      waitsFor: () => false,
      awaited: () => [],
      goAway: quiet,
      quiet,
      turnOpened: quiet,
      turnBegun: quiet,
      settleWithin: quiet
    })
  const handle = (newHandle: string) => JSON.stringify({ sessionResumptionUpdate: { newHandle, resumable: true } })
  const read = (session: SessionCore): ReadonlyArray<LiveEvent> => session.events.takeAll() ?? []

  it("is kept for the first reader, in its order", () => {
    const session = core()
    session.receive(handle("h1"))
    session.receive(JSON.stringify({ usageMetadata: { totalTokenCount: 4 } }))
    session.receive(handle("h2"))
    assert.deepStrictEqual(read(session).map((event) => event._tag === "Resumption" ? event.handle : event._tag), [
      "h1",
      "Usage",
      "h2"
    ])
  })

  it("does not fill the queue of a session that nobody reads: the newest thousand stay", () => {
    const session = core()
    for (let i = 1; i <= 20_000; i++) assert.isUndefined(session.receive(handle(`h${i}`)))
    const kept = read(session)
    assert.isAtMost(kept.length, 1_024)
    assert.isAtLeast(kept.length, 512)
    assert.deepStrictEqual(kept.at(-1), { _tag: "Resumption", handle: "h20000" })
    const first = kept[0]?._tag === "Resumption" ? kept[0].handle : undefined
    assert.strictEqual(first, `h${20_000 - kept.length + 1}`)
  })
})
