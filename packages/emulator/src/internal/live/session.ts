/**
 * One Live connection from its first message to its last: the setup, what the client says after it, and the end of its
 * lifetime.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import * as GoogleError from "../../GoogleError.ts"
import type * as LiveLog from "../../LiveLog.ts"
import type { LiveOptions, TurnNumbers } from "../../LiveOptions.ts"
import type * as ModelTable from "../../ModelTable.ts"
import * as Tokens from "../answers/tokens.ts"
import type * as Utterance from "../answers/Utterance.ts"
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import type * as Fields from "../judge/fields.ts"
import * as JsonText from "../judge/jsonText.ts"
import type * as Charging from "../rules/charging.ts"
import * as LiveTokens from "./authTokens.ts"
import * as Ears from "./ears.ts"
import * as Handles from "./handles.ts"
import type * as Inbox from "./inbox.ts"
import type * as LiveState from "./LiveState.ts"
import * as Judge from "./messageJudge.ts"
import type * as Outbox from "./outbox.ts"
import * as Reply from "./spokenReply.ts"
import * as Transcripts from "./transcripts.ts"
import * as Turns from "./turns.ts"
import type { Setting } from "./turnSetting.ts"

/** Where a session counts. */
export interface PlacedSession {
  readonly project: string
  readonly region: string
  /** The model as the Gemini API names it: `models/gemini-…`. */
  readonly name: string
  /** How many sessions the project may have in the region. Undefined: no limit. */
  readonly sessions: number | undefined
  /** Counts a typed turn like a request. */
  readonly charge: (model: string, inputTokens: number) => Charging.Charged
}

export interface Options {
  readonly inbox: Inbox.Inbox
  readonly outbox: Outbox.Outbox
  readonly entry: LiveLog.Mutable
  readonly state: LiveState.LiveState
  readonly now: () => number
  readonly live: LiveOptions
  readonly seed: string
  readonly calling: Utterance.Calling
  readonly values: Utterance.Values
  readonly chunkDelay: number
  readonly judge: boolean
  readonly version: string
  readonly api: Fields.Api
  /** Whose session it is, by the model's name in the setup; or why nobody's. */
  readonly placed: (name: string) => PlacedSession | GoogleError.Refusal
  readonly findModel: (name: string) => ModelTable.Row | undefined | GoogleError.Refusal
  readonly token:
    | Pick<LiveTokens.Token, "setup" | "mask" | "expires">
    | undefined
  /** Counts the use of a token. False: none was left. */
  readonly useToken: () => boolean
  readonly request: (model: string, body: unknown) => EmulatorRequest
  readonly scripted: Setting["scripted"]
  /** Tells the model that the setup has named, for which a fault may be due. */
  readonly onModel: (model: string) => void
  readonly ended: Deferred.Deferred<void>
}

const general = "Request contains an invalid argument."
const quotaText = "You exceeded your current quota, please check your plan and billing details. " +
  "For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."

const notFound = "Requested entity was not found."

const decoder = new TextDecoder()

/** The reason of a close frame: what the REST API would answer. */
const reasonOf = (refusal: GoogleError.Refusal, api: Fields.Api): string => {
  const { error } = refusal.body
  return refusal.status === 429 && api === "gemini" ? quotaText : error.message.split("\n")[0] ?? ""
}

const isRefusal = (found: ModelTable.Row | PlacedSession | GoogleError.Refusal): found is GoogleError.Refusal =>
  "body" in found

const isAmong = (numbers: TurnNumbers | undefined) => (turn: number): boolean =>
  numbers === true || numbers?.includes(turn) === true

const shortName = (name: string): string => name.slice(name.lastIndexOf("/") + 1)

export const run = Effect.fnUntraced(function*(options: Options) {
  const { entry, inbox, live, now, outbox, state } = options
  const scope = yield* Effect.scope

  const shut = (code: number, reason: string): Effect.Effect<never> =>
    Effect.andThen(Effect.sync(() => outbox.close(code, reason)), Effect.never)
  const refuse = (refusal: GoogleError.Refusal) => shut(Judge.closeCode(refusal), reasonOf(refusal, options.api))
  const invalid = shut(1007, general)

  const take = Effect.map(inbox.take, (data) => {
    const text = typeof data === "string" ? data : decoder.decode(data)
    const parsed = JsonText.parse(text)
    state.log.message(entry, { from: "client", time: now(), message: parsed.ok ? parsed.value : text }, text.length)
    return { parsed, length: text.length }
  })

  // --- the setup

  const first = Judge.read((yield* take).parsed, options.version, options.judge, options.api)
  if (first.refusal !== undefined) return yield* refuse(first.refusal)
  const sent = first.message["setup"]
  if (!Json.isObject(sent)) return yield* invalid
  const setup = options.token === undefined ? sent : LiveTokens.constrained(options.token, sent)
  const placed = options.placed(Json.text(setup["model"]) ?? "")
  if (isRefusal(placed)) return yield* refuse(placed)
  const { name, project, region } = placed
  entry.project = project
  entry.region = region
  const model = shortName(name)
  entry.model = model
  options.onModel(model)
  yield* outbox.at("setup")
  const found = options.findModel(name)
  if (found !== undefined && isRefusal(found)) return yield* refuse(found)
  const wrong = options.judge ? Judge.setup(setup, found) : undefined
  if (wrong !== undefined) return yield* shut(1007, wrong)
  const open = [...state.sessions].filter((other) => other.project === project && other.region === region).length
  if (placed.sessions !== undefined && open >= placed.sessions) return yield* shut(1011, quotaText)

  const resumption = setup["sessionResumption"]
  const handle = Json.text(Json.at(resumption, "handle"))
  const snapshot = handle === undefined ? undefined : state.handles.get(handle, now())
  if (handle !== undefined) {
    if (snapshot === undefined || snapshot.project !== project || snapshot.region !== region) {
      return yield* shut(1008, notFound)
    }
    const refused = live.handleRefusal
    if (refused !== undefined && state.refusedHandles < (refused.times ?? Number.POSITIVE_INFINITY)) {
      state.refusedHandles++
      return yield* shut(refused.code ?? 1008, refused.reason ?? notFound)
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
    ? { contents: [], tokens: {}, consumed: 0 }
    : { contents: snapshot.history.contents.slice(0, snapshot.length), tokens: snapshot.tokens, consumed: 0 }
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
    setupComplete: live.sessionId === true || options.api === "vertex"
      ? { sessionId: `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}` }
      : {}
  })
  yield* outbox.at("idle")

  // --- the end of its lifetime

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
  let calls = 0
  let updates = 0
  /** The number of the client's last message; the setup is message 0. */
  let heard = 0
  const isTransparent = Json.at(resumption, "transparent") === true
  const update = (mark: Handles.Mark | undefined): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (resumption === undefined) return Effect.void
      const due = ++updates
      if (mark === undefined) return outbox.send({ sessionResumptionUpdate: {} })
      if (live.handleDelay === undefined || live.handleDelay <= 0) return give(mark)
      // Once another turn has begun, its state is the one to come back to.
      const late = Effect.andThen(
        Effect.sleep(live.handleDelay),
        Effect.suspend(() => updates === due ? give(mark) : Effect.void)
      )
      return Effect.asVoid(Effect.forkIn(late, scope))
    })
  const give = (mark: Handles.Mark): Effect.Effect<void> =>
    Effect.suspend(() => {
      const newHandle = Dice.make(`${options.seed}\nhandle\n${unique}\n${handles++}`).letters(64)
      state.handles.put(newHandle, {
        model: name,
        project,
        region,
        history,
        ...mark,
        lineage
      })
      const { consumed } = mark
      return outbox.send({
        sessionResumptionUpdate: {
          newHandle,
          resumable: true,
          ...(isTransparent && consumed > 0 ? { lastConsumedClientMessageIndex: String(consumed) } : {})
        }
      })
    })
  const audioOut = !Json.list(Json.at(setup, "generationConfig", "responseModalities")).includes("TEXT")
  const setting: Setting = {
    model,
    row: found,
    setup,
    history,
    traffic: undefined,
    // A handle that says how far the server has read stands for all that came before it, calls included.
    pending: isTransparent ? snapshot?.pending : undefined,
    message: () => heard,
    seed: options.seed,
    calling: options.calling,
    values: options.values,
    chunkDelay: live.chunkDelay ?? options.chunkDelay,
    playback: live.playback ?? 0,
    mergeWithin: live.mergeWithin ?? 0,
    lacksTurnComplete: isAmong(live.missingTurnComplete),
    isEmpty: isAmong(live.emptyTurns),
    waitsForInput: isAmong(live.waitingForInput),
    status: live.interactionStatus === true,
    voice: {
      audio: audioOut,
      transcribe: setup["outputAudioTranscription"] !== undefined,
      millisPerWord: live.millisPerWord ?? 100,
      nextId: () => Reply.callId(Dice.make(`${options.seed}\ncall\n${unique}\n${calls++}`))
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
    const { refusal, traffic } = typed ? placed.charge(model, Tokens.total(tokens)) : {}
    if (traffic !== undefined) setting.traffic = traffic
    return refusal === undefined ? turns.hear(contents, tokens) : refuse(refusal)
  }
  const ears = Ears.make({
    setup,
    transcripts: Transcripts.make(setup, live),
    turn: turns.number,
    onActivity: turns.interrupt,
    onTranscript: (name, transcript) => outbox.send({ serverContent: { [name]: transcript } }),
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
    // While a turn runs, what it has heard is not answered yet, so there is no state to come back to.
    if (!turns.isActive()) yield* update(turns.mark())
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
    // The message is a second setup, or has nothing in it.
    return yield* invalid
  })

  while (true) {
    const { length, parsed } = yield* take
    // A token that has expired ends the sessions that it began, at their next message.
    if (options.token !== undefined && now() >= options.token.expires) return yield* refuse(GoogleError.invalidToken())
    const slow = outbox.fault?.slowRead
    if (slow !== undefined) yield* Effect.sleep(Math.ceil(length / (slow.bytes ?? 1024)) * slow.millis)
    const next = Judge.read(parsed, options.version, options.judge, options.api)
    if (next.refusal !== undefined) return yield* refuse(next.refusal)
    heard++
    yield* handleMessage(next.message)
  }
})
