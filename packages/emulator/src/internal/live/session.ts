/**
 * One Live connection from its first message to its last: the setup, what the client says after
 * it, and the end that comes with time.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import * as GoogleError from "../../GoogleError.ts"
import type * as LiveLog from "../../LiveLog.ts"
import type { LiveOptions } from "../../LiveOptions.ts"
import type * as ModelTable from "../../ModelTable.ts"
import * as Tokens from "../answers/tokens.ts"
import type * as Utterance from "../answers/Utterance.ts"
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import * as JsonText from "../judge/jsonText.ts"
import type { Scripted } from "../rules/Scripts.ts"
import * as Ears from "./ears.ts"
import * as Handles from "./handles.ts"
import type * as Inbox from "./inbox.ts"
import * as Judge from "./judge.ts"
import type * as Outbox from "./outbox.ts"
import type * as LiveState from "./state.ts"
import * as LiveTokens from "./tokens.ts"
import * as Turns from "./turns.ts"

export interface Options {
  readonly inbox: Inbox.Inbox
  readonly outbox: Outbox.Outbox
  readonly entry: LiveLog.Mutable
  readonly state: LiveState.LiveState
  readonly now: () => number
  readonly live: LiveOptions
  readonly seed: string
  readonly calling: Utterance.Calling
  readonly chunkDelay: number
  readonly judge: boolean
  readonly project: string
  readonly region: string
  readonly version: string
  /** What the sessions of the project in the region may not exceed. */
  readonly sessions: number | undefined
  /** A turn of words is counted like a request. */
  readonly charge: (model: string, inputTokens: number) => GoogleError.Refusal | undefined
  readonly findModel: (name: string) => ModelTable.Row | undefined | GoogleError.Refusal
  readonly token:
    | Pick<LiveTokens.Token, "setup" | "mask" | "expires">
    | undefined
  /** Counts the use of a token; false: it has none left. */
  readonly useToken: () => boolean
  readonly request: (model: string, body: unknown) => EmulatorRequest
  readonly scripted: (request: EmulatorRequest, body: Json.Json) => Effect.Effect<Scripted>
  /** The setup has named its model: faults that wait for it are due. */
  readonly onModel: (model: string) => void
  readonly ended: Deferred.Deferred<void>
}

const general = "Request contains an invalid argument."
const quotaText = "You exceeded your current quota, please check your plan and billing details. " +
  "For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."

const decoder = new TextDecoder()

/** What the REST API would answer, as the reason of a close frame. */
const reasonOf = (refusal: GoogleError.Refusal): string => {
  const { error } = refusal.body
  return refusal.status === 429 ? quotaText : error.message.split("\n")[0] ?? ""
}

const isRefusal = (found: ModelTable.Row | GoogleError.Refusal): found is GoogleError.Refusal => "body" in found

const shortName = (name: string): string => name.slice(name.lastIndexOf("/") + 1)

export const run = Effect.fnUntraced(function*(options: Options) {
  const { entry, inbox, live, now, outbox, state } = options
  const scope = yield* Effect.scope

  const shut = (code: number, reason: string): Effect.Effect<never> =>
    Effect.andThen(Effect.sync(() => outbox.close(code, reason)), Effect.never)
  const refuse = (refusal: GoogleError.Refusal) => shut(Judge.closeCode(refusal), reasonOf(refusal))
  const invalid = shut(1007, general)

  const take = Effect.map(inbox.take, (data) => {
    const text = typeof data === "string" ? data : decoder.decode(data)
    const parsed = JsonText.parse(text)
    state.log.message(entry, { from: "client", time: now(), message: parsed.ok ? parsed.value : text }, text.length)
    return { parsed, length: text.length }
  })

  // --- the setup

  const first = Judge.read((yield* take).parsed, options.version, options.judge)
  if (first.refusal !== undefined) return yield* refuse(first.refusal)
  const sent = first.message["setup"]
  if (!Json.isObject(sent)) return yield* invalid
  const setup = options.token === undefined ? sent : LiveTokens.constrained(options.token, sent)
  const name = Json.text(setup["model"]) ?? ""
  const model = shortName(name)
  entry.model = model
  options.onModel(model)
  yield* outbox.at("setup")
  const found = options.findModel(name)
  if (found !== undefined && isRefusal(found)) return yield* refuse(found)
  const wrong = options.judge ? Judge.setup(setup, found) : undefined
  if (wrong !== undefined) return yield* shut(1007, wrong)
  const { project, region } = options
  const open = [...state.sessions].filter((other) => other.project === project && other.region === region).length
  if (options.sessions !== undefined && open >= options.sessions) return yield* shut(1011, quotaText)

  const resumption = setup["sessionResumption"]
  const handle = Json.text(Json.at(resumption, "handle"))
  const snapshot = handle === undefined ? undefined : state.handles.get(handle, now())
  if (handle !== undefined) {
    if (snapshot === undefined || snapshot.project !== project || snapshot.region !== region) {
      return yield* shut(1008, "Requested entity was not found.")
    }
    // Users report 1011 of a handle whose old connection is still open.
    if (snapshot.lineage.open) return yield* shut(1011, "Internal error occurred.")
    if (snapshot.model !== name) return yield* invalid
  } else if (!options.useToken()) {
    return yield* refuse(GoogleError.invalidToken())
  }
  const lineage: Handles.Lineage = snapshot?.lineage ?? { open: true, endedAt: 0 }
  lineage.open = true
  const history: Handles.History = snapshot === undefined
    ? { contents: [], tokens: {} }
    : { contents: snapshot.history.contents.slice(0, snapshot.length), tokens: snapshot.tokens }
  const session: LiveState.Session = {
    project,
    region,
    entry,
    send: outbox.send,
    close: (code, reason) => Effect.sync(() => outbox.close(code, reason)),
    drop: Effect.sync(() => outbox.drop())
  }
  state.sessions.add(session)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      state.sessions.delete(session)
      lineage.open = false
      lineage.endedAt = now()
    })
  )
  const unique = state.connections++
  entry.resumed = snapshot !== undefined
  state.log.setUp(entry, now())
  const id = Dice.make(`${options.seed}\nsession\n${unique}`)
  const hex = (count: number) => id.letters(count, "0123456789abcdef")
  yield* outbox.send({
    setupComplete: live.sessionId === true
      ? { sessionId: `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}` }
      : {}
  })
  yield* outbox.at("idle")

  // --- the end that comes with time

  const lifetime = live.lifetime ?? 600_000
  const before = Math.min(live.goAwayBefore ?? 60_000, lifetime)
  yield* Effect.forkScoped(Effect.gen(function*() {
    yield* Effect.sleep(lifetime - before)
    if (before > 0) yield* outbox.send({ goAway: { timeLeft: `${before / 1000}s` } })
    yield* Effect.sleep(before)
    const { code, reason } = live.lifetimeClose ?? { code: 1008, reason: "The operation was aborted." }
    outbox.close(code, reason)
  }))

  // --- what follows

  let handles = 0
  const update = (mark: Handles.Mark | undefined): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (resumption === undefined) return Effect.void
      if (mark === undefined) return outbox.send({ sessionResumptionUpdate: {} })
      const newHandle = Dice.make(`${options.seed}\nhandle\n${unique}\n${handles++}`).letters(64)
      state.handles.put(newHandle, {
        model: name,
        project,
        region,
        history,
        ...mark,
        lineage
      })
      return outbox.send({ sessionResumptionUpdate: { newHandle, resumable: true } })
    })
  const audioOut = !Json.list(Json.at(setup, "generationConfig", "responseModalities")).includes("TEXT")
  const setting: Turns.Setting = {
    model,
    row: found,
    setup,
    history,
    seed: options.seed,
    calling: options.calling,
    chunkDelay: live.chunkDelay ?? options.chunkDelay,
    playback: live.playback ?? 0,
    voice: {
      audio: audioOut,
      transcribe: setup["outputAudioTranscription"] !== undefined,
      millisPerWord: live.millisPerWord ?? 100
    },
    outbox,
    entry,
    changed: state.log.changed,
    scope,
    request: (contents) => options.request(model, { ...setting.setup, contents }),
    scripted: options.scripted,
    update,
    shut
  }
  const turns = Turns.make(setting)

  const answer = (
    contents: ReadonlyArray<Json.Json>,
    tokens: Tokens.Counts,
    typed: boolean
  ): Effect.Effect<void> => {
    const exceeded = typed ? options.charge(model, Tokens.total(tokens)) : undefined
    return exceeded === undefined ? turns.answer(contents, tokens) : refuse(exceeded)
  }
  const ears = Ears.make({
    setup,
    transcribe: live.transcribe,
    turn: turns.number,
    onActivity: turns.interrupt,
    onTranscript: (text) =>
      setup["inputAudioTranscription"] === undefined
        ? Effect.void
        : outbox.send({ serverContent: { inputTranscription: { text } } }),
    onTurn: (content, tokens, typed) => answer([content], tokens, typed),
    refuse: (reason) => shut(1007, reason)
  })

  const announced = Json.at(setup, "historyConfig", "initialHistoryInClientContent") === true
  let realtime = false
  const clientContent = Effect.fnUntraced(function*(content: Json.Json) {
    const contents = Json.list(content["turns"]).filter(Json.isObject)
    const isHistory = announced && !realtime
    if (!isHistory && found?.live?.historyOnly === true) return yield* invalid
    const complete = content["turnComplete"] === true && !isHistory
    if (complete) yield* turns.interrupt
    const tokens = Tokens.ofContents(contents)
    if (complete) return yield* answer(contents, tokens, true)
    turns.append(contents, tokens)
    // What a running turn has heard and not answered is no state to come back to.
    if (!turns.isActive()) yield* update(Handles.mark(history))
  })

  const handleMessage = Effect.fnUntraced(function*(message: Json.Json) {
    const { clientContent: content, contextUpdate, realtimeInput, toolResponse } = message
    if (Json.isObject(content)) return yield* clientContent(content)
    if (Json.isObject(realtimeInput)) {
      realtime = true
      return yield* ears.hear(realtimeInput)
    }
    if (Json.isObject(toolResponse)) {
      return yield* turns.respond(Json.list(toolResponse["functionResponses"]).filter(Json.isObject))
    }
    if (Json.isObject(contextUpdate)) {
      const tools = Json.at(contextUpdate, "tools", "tools")
      const { systemInstruction } = contextUpdate
      setting.setup = {
        ...setting.setup,
        ...(tools === undefined ? {} : { tools }),
        ...(systemInstruction === undefined ? {} : { systemInstruction })
      }
      return
    }
    // A second setup, or nothing at all.
    return yield* invalid
  })

  while (true) {
    const { length, parsed } = yield* take
    // A token that has expired ends the sessions that it began, at their next message.
    if (options.token !== undefined && now() >= options.token.expires) return yield* refuse(GoogleError.invalidToken())
    const slow = outbox.fault?.slowRead
    if (slow !== undefined) yield* Effect.sleep(Math.ceil(length / (slow.bytes ?? 1024)) * slow.millis)
    const next = Judge.read(parsed, options.version, options.judge)
    if (next.refusal !== undefined) return yield* refuse(next.refusal)
    yield* handleMessage(next.message)
  }
})
