/** The parts of a Live session, each at its edges: handles, tokens, transcripts, what waits to be read, and what is spoken. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as LiveOptions from "effect-gemini-emulator/LiveOptions"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Dice from "../src/internal/Dice.ts"
import * as AuthTokens from "../src/internal/live/authTokens.ts"
import * as Carrier from "../src/internal/live/carrier.ts"
import * as Handles from "../src/internal/live/handles.ts"
import * as Inbox from "../src/internal/live/inbox.ts"
import { LiveState } from "../src/internal/live/LiveState.ts"
import * as Spoken from "../src/internal/live/spokenReply.ts"
import * as Transcripts from "../src/internal/live/transcripts.ts"
import * as Wire from "./LiveWire.ts"

describe("resumption handles", () => {
  const lineage = (open: boolean, endedAt = 0): Handles.Lineage => ({ open, endedAt })
  const snapshot = (of: Handles.Lineage): Handles.Snapshot => ({
    model: "models/m",
    project: "p",
    region: "global",
    history: { contents: [], tokens: {}, consumed: 0 },
    lineage: of,
    length: 0,
    tokens: {},
    consumed: 0,
    pending: new Map()
  })

  it("live for a while behind the end of their session, and as long as it is open", () => {
    const handles = Handles.make(100)
    const over = lineage(false, 50)
    const open = lineage(true, 50)
    handles.put("over", snapshot(over))
    handles.put("open", snapshot(open))
    assert.isDefined(handles.get("over", 149))
    assert.isUndefined(handles.get("over", 150))
    // What is forgotten is not there again when somebody looks at an earlier time.
    assert.isUndefined(handles.get("over", 149))
    assert.isDefined(handles.get("open", 10_000))
    assert.isUndefined(handles.get("none", 0))
    handles.clear()
    assert.isUndefined(handles.get("open", 0))
  })

  it("are the newest sixteen of a session", () => {
    const handles = Handles.make(100)
    const one = lineage(true)
    for (let i = 0; i < 17; i++) handles.put(`one ${i}`, snapshot(one))
    handles.put("other", snapshot(lineage(true)))
    assert.deepStrictEqual([0, 1, 16].map((i) => handles.get(`one ${i}`, 0) !== undefined), [false, true, true])
    assert.isDefined(handles.get("other", 0))
    one.open = false
    assert.isUndefined(handles.get("one 16", 100))
    assert.isDefined(handles.get("other", 100))
  })

  it("stand for a place in a history, which what comes later does not move", () => {
    const history: Handles.History = { contents: [], tokens: {}, consumed: 3 }
    Handles.add(history, [{ role: "user", parts: [{ text: "one two" }] }])
    const pending = new Map([["a", { name: "f", blocking: true }]])
    const mark = Handles.mark(history, pending)
    pending.clear()
    Handles.add(history, [{ role: "user", parts: [] }], { AUDIO: 5, TEXT: 1 })
    assert.deepStrictEqual([mark.length, mark.tokens, mark.consumed, mark.pending.size], [1, { TEXT: 2 }, 3, 1])
    assert.deepStrictEqual(history.tokens, { TEXT: 3, AUDIO: 5 })
    assert.strictEqual(Handles.mark(history).pending.size, 0)
  })

  it("are forgotten with what was said, and sessions are not", () => {
    const state = new LiveState({ space: "default", handleLifetime: 5 })
    const over = lineage(false, 0)
    state.handles.put("a", snapshot(over))
    assert.isDefined(state.handles.get("a", 4))
    assert.isUndefined(state.handles.get("a", 5))
    state.handles.put("b", snapshot(lineage(true)))
    const made = state.tokens.create({}, "key", 0)
    state.clear()
    assert.isUndefined(state.handles.get("b", 0))
    assert.isUndefined("name" in made ? state.tokens.find(made.name, 0) : undefined)
    // By default they live for two hours.
    const standard = new LiveState({ space: "default" })
    standard.handles.put("a", snapshot(over))
    assert.isDefined(standard.handles.get("a", 7_199_999))
    assert.isUndefined(standard.handles.get("a", 7_200_000))
  })
})

describe("ephemeral tokens", () => {
  const hour = 3_600_000
  const at = (millis: number) => new Date(millis).toISOString()
  const create = (body: Record<string, unknown>, now = 0, space = "default") => {
    const tokens = AuthTokens.make("seed", space)
    const made = tokens.create(body, "key", now)
    return { tokens, made, name: "name" in made ? made.name : undefined }
  }
  const rows: ReadonlyArray<readonly [title: string, body: Record<string, unknown>, isMade: boolean]> = [
    ["nothing", {}, true],
    ["an end now", { expireTime: at(1000) }, false],
    ["an end in a moment", { expireTime: at(1001) }, true],
    ["an end in twenty hours", { expireTime: at(1000 + 20 * hour) }, true],
    ["an end later than that", { expireTime: at(1001 + 20 * hour) }, false],
    ["a beginning within twenty hours", { newSessionExpireTime: at(1000 + 20 * hour) }, true],
    ["a beginning later than that", { newSessionExpireTime: at(1001 + 20 * hour) }, false],
    ["no uses fewer than none", { uses: -1 }, false],
    ["as many uses as it likes", { uses: 0 }, true],
    ["a mask without a setup", { fieldMask: "model" }, false],
    ["a mask with one", { fieldMask: "model", bidiGenerateContentSetup: {} }, true]
  ]
  it.each(rows)("of %s", (_, body, isMade) => {
    assert.strictEqual(create(body, 1000).name !== undefined, isMade)
  })

  it("are good until they end, for sessions until a minute has passed, and so often", () => {
    const { name = "", tokens } = create({ uses: 2 })
    assert.match(name, /^auth_tokens\/[0-9a-f]{64}$/)
    assert.isDefined(tokens.find(name, hour / 2 - 1))
    assert.isUndefined(tokens.find(name, hour / 2))
    assert.isUndefined(tokens.find("auth_tokens/none", 0))
    const token = tokens.find(name, 0) ?? assert.fail("there is none")
    assert.isFalse(tokens.use(token, 60_000))
    assert.deepStrictEqual([59_999, 0, 0].map((now) => tokens.use(token, now)), [true, true, false])
    const free = create({ uses: 0 })
    const endless = free.tokens.find(free.name ?? "", 0) ?? assert.fail("there is none")
    assert.deepStrictEqual([0, 0, 0].map((now) => free.tokens.use(endless, now)), [true, true, true])
    const once = create({})
    const single = once.tokens.find(once.name ?? "", 0) ?? assert.fail("there is none")
    assert.deepStrictEqual([0, 0].map((now) => once.tokens.use(single, now)), [true, false])
    assert.match(create({}, 0, "mine").name ?? "", /^auth_tokens\/space:mine:/)
  })

  it("are others each, and the same again when all were forgotten", () => {
    const { name, tokens } = create({})
    const second = tokens.create({}, "key", 0)
    assert.notStrictEqual("name" in second ? second.name : "", name)
    tokens.clear()
    assert.isUndefined(tokens.find(name ?? "", 0))
    const again = tokens.create({}, "key", 0)
    assert.strictEqual("name" in again ? again.name : "", name)
  })

  it("constrain the setup: as a whole without a mask, the named fields with one", () => {
    const client = {
      model: "c",
      tools: [1],
      generationConfig: { temperature: 1, topK: 2 },
      sessionResumption: { handle: "h" }
    }
    const setup = { model: "t", generationConfig: { temperature: 0 } }
    const of = (body: Record<string, unknown>) => {
      const { name = "", tokens } = create(body)
      return AuthTokens.constrained(tokens.find(name, 0) ?? assert.fail("there is none"), client)
    }
    assert.deepStrictEqual(of({}), client)
    assert.deepStrictEqual(of({ bidiGenerateContentSetup: setup }), { ...setup, sessionResumption: { handle: "h" } })
    assert.deepStrictEqual(AuthTokens.constrained({ setup, mask: undefined }, { model: "c" }), setup)
    assert.deepStrictEqual(of({ bidiGenerateContentSetup: setup, fieldMask: "generation_config.temperature, tools" }), {
      model: "c",
      generationConfig: { temperature: 0, topK: 2 },
      sessionResumption: { handle: "h" }
    })
    assert.deepStrictEqual(of({ bidiGenerateContentSetup: setup, fieldMask: "generationConfig.topK,model" }), {
      ...client,
      model: "t",
      generationConfig: { temperature: 1 }
    })
    assert.deepStrictEqual(
      AuthTokens.constrained({ setup: { a: { b: 1 } }, mask: ["a.b"] }, { a: "no object" }),
      { a: { b: 1 } }
    )
  })
})

describe("transcripts of what was heard", () => {
  const heard = { millis: 1200, rate: 16_000, turn: 0 }
  const made = (
    config: object | undefined,
    live: Pick<LiveOptions.LiveOptions, "interimTranscripts" | "transcribe"> = {}
  ) => Transcripts.make(config === undefined ? {} : { inputAudioTranscription: config }, live)
  const two = {
    transcribe: () => [{ text: "one two", speakerLabel: "spk_1" }, { text: " three ", speakerLabel: undefined }]
  }

  it("say how long it was, or the words that were given", () => {
    assert.strictEqual(made({}).text(heard), "Speech of 1.20 seconds.")
    assert.strictEqual(made({}, { transcribe: ({ turn }) => `turn ${turn}` }).text(heard), "turn 0")
    assert.strictEqual(made({}, two).text(heard), "one two  three ")
    assert.deepStrictEqual(made({}).final(heard), [{ text: "Speech of 1.20 seconds." }])
    assert.deepStrictEqual(made(undefined).final(heard), [])
  })

  it("have speakers and times where the setup asks for them", () => {
    assert.deepStrictEqual(made({ diarization: true }, two).final(heard), [
      { text: "one two", speakerLabel: "spk_1" },
      { text: " three " }
    ])
    assert.deepStrictEqual(made({ diarization: false }, two).final(heard)[0], { text: "one two" })
    assert.deepStrictEqual(made({ diarization: true }).final(heard)[0]?.["speakerLabel"], "spk_1")
    assert.deepStrictEqual(made({ wordTimestamp: true }, two).final(heard), [
      {
        text: "one two",
        words: [
          { word: "one", startOffset: "0s", endOffset: "0.4s" },
          { word: "two", startOffset: "0.4s", endOffset: "0.8s" }
        ],
        startOffset: "0s",
        endOffset: "0.8s"
      },
      {
        text: " three ",
        words: [{ word: "three", startOffset: "0.8s", endOffset: "1.2s" }],
        startOffset: "0.8s",
        endOffset: "1.2s"
      }
    ])
    assert.deepStrictEqual(made({ wordTimestamp: true }, { transcribe: () => "" }).final(heard), [
      { text: "", words: [], startOffset: "0s", endOffset: "0s" }
    ])
  })

  it("of somebody who still speaks are told where both sides ask for them", () => {
    assert.deepStrictEqual(made({}, { interimTranscripts: true, transcribe: () => "so far" }).interim(heard), {
      text: "so far"
    })
    assert.isUndefined(made({}).interim(heard))
    assert.isUndefined(made(undefined, { interimTranscripts: true }).interim(heard))
  })
})

it.effect("what waits to be read stops the reading above 256 kB, and lets it go on at that", () =>
  Effect.gen(function*() {
    const reads: Array<boolean> = []
    const inbox = Inbox.make({
      send: () => Effect.void,
      close: () => {},
      destroy: () => {},
      reading: (on) => void reads.push(on)
    })
    const half = 128 * 1024
    inbox.receive("x".repeat(half))
    inbox.receive(new Uint8Array(half))
    assert.deepStrictEqual(reads, [])
    inbox.receive("y")
    inbox.receive("z")
    assert.deepStrictEqual(reads, [false])
    assert.strictEqual((yield* inbox.take).length, half)
    assert.deepStrictEqual(reads, [false, true])
    inbox.receive("x".repeat(half))
    assert.deepStrictEqual(reads, [false, true, false])
    assert.strictEqual((yield* inbox.take).length, half)
    assert.strictEqual(yield* inbox.take, "y")
    assert.strictEqual(yield* inbox.take, "z")
    assert.deepStrictEqual(reads, [false, true, false, true])
  }))

it("a refused upgrade has the head and all bytes of an answer", () => {
  const bytes = (text: string) => new TextEncoder().encode(text)
  assert.deepStrictEqual(
    Carrier.refusal([
      { _tag: "Head", status: 404, headers: { a: "b" } },
      { _tag: "Bytes", bytes: bytes("x") },
      { _tag: "Bytes", bytes: bytes("y") }
    ]),
    { _tag: "Refused", status: 404, headers: { a: "b" }, body: [bytes("x"), bytes("y")] }
  )
  assert.deepStrictEqual(Carrier.refusal([]), { _tag: "Refused", status: 500, headers: {}, body: [] })
})

describe("a turn of the model", () => {
  const voice = (more: Partial<Spoken.Voice> = {}): Spoken.Voice => {
    let calls = 0
    return { audio: false, transcribe: false, millisPerWord: 100, nextId: () => `new ${calls++}`, ...more }
  }
  const turn = (...parts: ReadonlyArray<Record<string, unknown>>) => ({
    parts,
    thoughtTokens: 3,
    finishReason: "STOP",
    extra: {},
    signature: undefined
  })
  const say = (
    more: Partial<Spoken.Voice>,
    parts: ReadonlyArray<Record<string, unknown>>,
    ids?: ReadonlyArray<string | undefined>
  ) => {
    const said = Spoken.nothing()
    const messages = [...Spoken.generated(turn(...parts), said, voice(more), Dice.make("d"), ids)]
    return { said, messages, parts: messages.map((each) => Spoken.partsOf(each)) }
  }

  it("says words in pieces of six, thoughts and pictures whole, and all calls last, in one message", () => {
    const picture = { inlineData: { mimeType: "image/png", data: "" } }
    const { parts, said } = say({}, [
      { text: "hm", thought: true },
      { functionCall: { name: "f" } },
      { text: "1 2 3 4 5 6 7" },
      picture,
      { functionCall: { name: "g", args: { a: 1 } } }
    ], [undefined, "given"])
    assert.deepStrictEqual(parts, [
      [{ text: "hm", thought: true }],
      [{ text: "1 2 3 4 5 6 " }],
      [{ text: "7" }],
      [picture],
      [
        { functionCall: { id: "new 0", name: "f", args: {} } },
        { functionCall: { id: "given", name: "g", args: { a: 1 } } }
      ]
    ])
    assert.deepStrictEqual([said.text, said.thoughtTokens, said.audioMillis, said.calls.length], [
      "1 2 3 4 5 6 7",
      3,
      0,
      2
    ])
  })

  it("is spoken two words at a time, for as long as the words last, and written beside it where that is asked for", () => {
    const { messages, said } = say({ audio: true, millisPerWord: 50 }, [{ text: "1 2 3" }])
    assert.strictEqual(messages.length, 2)
    assert.strictEqual(said.audioMillis, 150)
    assert.strictEqual(said.text, "1 2 3")
    const sizes = messages.map((each) =>
      Buffer.from(
        String(Reflect.get(Object(Reflect.get(Object(Spoken.partsOf(each)[0]), "inlineData")), "data")),
        "base64"
      ).length
    )
    assert.deepStrictEqual(sizes, [50 * 2 * 48, 50 * 48])
    assert.strictEqual(say({ audio: true, transcribe: true }, [{ text: "1 2 3" }]).messages.length, 4)
    assert.strictEqual(say({ audio: true }, [{ text: "  " }]).said.audioMillis, 100)
    assert.deepStrictEqual(say({}, [{ text: "" }]).messages, [])
    assert.match(Spoken.callId(Dice.make("x")), /^function-call-[1-9]\d{18}$/)
  })
})

const tools = [{ functionDeclarations: [{ name: "f", behavior: "NON_BLOCKING" }, { name: "g" }] }]
const asked = (name: string) => ({ calls: [{ name, args: {} }] })
const responds = (...functionResponses: ReadonlyArray<object>) => ({ toolResponse: { functionResponses } })

describe("a session", () => {
  const scripted = (
    title: string,
    options: Parameters<typeof Emulator.layerWebSocketConstructor>[0],
    setup: Readonly<Record<string, unknown>>,
    body: (client: Effect.Success<ReturnType<typeof Wire.connect>>) => Effect.Effect<void, never, Emulator.Emulator>
  ) =>
    it.effect(title, () =>
      Effect.flatMap(Wire.connect(setup), body).pipe(
        Effect.scoped,
        Effect.provide(Emulator.layerWebSocketConstructor(options))
      ))

  scripted(
    "goes on where every call that holds it up was answered, by its id or by its name",
    { answers: [{ calls: [{ name: "g", args: {} }, { name: "h", args: {} }] }, "all there"] },
    { tools: [{ functionDeclarations: [{ name: "g" }, { name: "h" }] }] },
    Effect.fnUntraced(function*(client) {
      yield* client.send(Wire.ask("go"))
      const [call] = (yield* client.until(({ toolCall }) => toolCall !== undefined)).slice(-1)
      const ids = call?.toolCall?.functionCalls.map(({ id }) => id) ?? []
      yield* client.send(responds({ name: "h", response: { n: 2 } }))
      yield* client.send({ contextUpdate: {} })
      yield* client.send(responds({ id: ids[0], name: "g", response: { n: 1 } }))
      assert.strictEqual(Wire.textOf(yield* client.turn), "all there")
      const { live } = yield* Emulator.Emulator
      assert.strictEqual((yield* live.connections)[0]?.turns, 1)
    })
  )

  scripted(
    "is answered behind what does not block it, unless the answer is silent or there is more to come",
    { answers: [asked("f"), "first", "second"], live: { interactionStatus: true } },
    { tools, model: Wire.live25, generationConfig: { responseModalities: ["AUDIO"] }, outputAudioTranscription: {} },
    Effect.fnUntraced(function*(client) {
      const said = (messages: ReadonlyArray<Wire.Message>) =>
        messages.map(({ serverContent }) => serverContent?.outputTranscription?.text ?? "").join("")
      const status = (messages: ReadonlyArray<Wire.Message>) => messages.at(-1)?.serverContent?.interactionStatus
      yield* client.send(Wire.ask("go"))
      const called = yield* client.turn
      assert.strictEqual(status(called), "REQUIRES_ACTION")
      const id = called.flatMap(({ toolCall }) => toolCall?.functionCalls ?? [])[0]?.id
      yield* client.send(responds({ id, name: "f", response: { part: 1 }, willContinue: true, scheduling: "SILENT" }))
      yield* client.send(responds({ id, name: "f", response: { part: 2 }, willContinue: true }))
      const first = yield* client.turn
      assert.deepStrictEqual([said(first), status(first)], ["first", "REQUIRES_ACTION"])
      yield* client.send(responds({ id, name: "f", response: { part: 3 } }))
      const second = yield* client.turn
      assert.deepStrictEqual([said(second), status(second)], ["second", "IDLE"])
      // The call is answered, and is none any more.
      yield* client.send(responds({ id, name: "f", response: {} }))
      assert.deepInclude(yield* client.closed, { code: 1007 })
    })
  )

  scripted(
    "is broken by the status of a fault as by an error, and says so in the code of its close",
    { answers: [{ fault: { status: 429 } }] },
    {},
    Effect.fnUntraced(function*(client) {
      yield* client.send(Wire.ask("go"))
      const { code, reason } = yield* client.closed
      assert.deepStrictEqual([code, reason?.startsWith("You exceeded your current quota")], [1011, true])
    })
  )

  for (
    const [error, code, reason] of [
      [{ code: 500 }, 1011, "Internal error occurred."],
      [{ code: 499 }, 1011, "Request contains an invalid argument."],
      [{ code: 400 }, 1007, "Request contains an invalid argument."],
      [{ code: 403, message: "Not you." }, 1008, "Not you."]
    ] as const
  ) {
    scripted(
      `ends by an error of ${error.code} with ${code}`,
      { answers: [{ error }] },
      {},
      (client) =>
        Effect.gen(function*() {
          yield* client.send(Wire.ask("go"))
          assert.deepStrictEqual(yield* client.closed, { code, reason })
        })
    )
  }

  scripted(
    "gives no handle of a turn that another one has followed",
    { answers: ["a", "b"], live: { handleDelay: 100 } },
    { sessionResumption: {} },
    Effect.fnUntraced(function*(client) {
      const handles = (messages: ReadonlyArray<Wire.Message>) =>
        messages.flatMap(({ sessionResumptionUpdate }) => sessionResumptionUpdate?.newHandle ?? [])
      yield* client.send(Wire.ask("one"))
      assert.deepStrictEqual(handles(yield* client.turn), [])
      yield* TestClock.adjust(99)
      yield* client.send(Wire.ask("two"))
      assert.deepStrictEqual(handles(yield* client.turn), [])
      yield* TestClock.adjust(99)
      yield* client.send({ clientContent: { turns: [{ role: "user", parts: [{ text: "aside" }] }] } })
      // What is said beside takes the place of the handle that was due.
      yield* TestClock.adjust(1)
      yield* TestClock.adjust(99)
      const [handle] = handles(
        yield* client.until(({ sessionResumptionUpdate }) => sessionResumptionUpdate?.newHandle !== undefined)
      )
      assert.match(handle ?? "", /^\w{64}$/)
    })
  )

  scripted(
    "keeps who has ended it: the client by a frame, the network without one",
    {},
    {},
    Effect.fnUntraced(function*(client) {
      client.ws.close(1000, "bye")
      yield* client.closed
      const { live } = yield* Emulator.Emulator
      assert.deepInclude((yield* live.connections)[0], { closedBy: "client", code: 1000 })
    })
  )
})
