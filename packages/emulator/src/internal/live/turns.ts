/**
 * The model's turns in one Live session: one at a time, cut when the user speaks, waiting for the
 * answers to the calls that hold them up.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Semaphore from "effect/Semaphore"
import * as Answer from "../../Answer.ts"
import * as Directives from "../answers/directives.ts"
import * as Pace from "../answers/pace.ts"
import * as Tokens from "../answers/tokens.ts"
import * as Utterance from "../answers/Utterance.ts"
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import * as Scripts from "../rules/Scripts.ts"
import * as Handles from "./handles.ts"
import * as Judge from "./messageJudge.ts"
import * as SpokenAnswer from "./spokenAnswer.ts"
import * as Reply from "./spokenReply.ts"
import type { Setting } from "./turnSetting.ts"

export interface Turns {
  readonly number: () => number
  readonly isActive: () => boolean
  /** The state to come back to. */
  readonly mark: () => Handles.Mark
  /** Adds contents to the history without answering them. */
  readonly append: (contents: ReadonlyArray<Json.Json>, tokens?: Tokens.Counts) => void
  /** Takes what the user has said, and answers it, after the turn that is running, if there is one. */
  readonly hear: (contents: ReadonlyArray<Json.Json>, tokens?: Tokens.Counts) => Effect.Effect<void>
  readonly interrupt: Effect.Effect<void>
  readonly respond: (responses: ReadonlyArray<Json.Json>) => Effect.Effect<void>
}

interface Turn {
  fiber: Fiber.Fiber<void> | undefined
  said: Reply.Spoken
  /** Answers that have come while others are still missing. */
  readonly answers: Array<Json.Json>
}

const general = "Request contains an invalid argument."

const textOf = (content: unknown): string =>
  Json.list(Json.at(content, "parts")).map((part) => Json.text(Json.at(part, "text")) ?? "").join(" ").trim()

export const make = (setting: Setting): Turns => {
  const { entry, history, outbox } = setting
  const lock = Semaphore.makeUnsafe(1)
  const pending = new Map(setting.pending)
  const cancelled = new Set<string>()
  /** The calls whose answers have come, and are not part of the history yet. */
  const answered = new Map<string, Handles.Pending>()
  let turn: Turn | undefined
  let waiting = false
  let gathering = false
  let count = 0
  let heard = 0

  const add: Turns["append"] = (contents, tokens) => Handles.add(history, contents, tokens)
  /** Adds what a message of the client says, and notes that the history holds that message. */
  const hold = (message: number, contents: ReadonlyArray<Json.Json>, tokens?: Tokens.Counts): void => {
    add(contents, tokens)
    history.consumed = Math.max(history.consumed, message)
  }
  const mark = () => Handles.mark(history, new Map([...answered, ...pending]))
  const prompt = () => Handles.plus(Tokens.ofRequest({ ...setting.setup, contents: [] }), history.tokens)

  const remember = (said: Reply.Spoken) => {
    const parts = [
      ...(said.text === "" ? [] : [{ text: said.text }]),
      ...said.calls.map((functionCall) => ({ functionCall }))
    ]
    if (parts.length === 0) return
    const spoken = said.audioMillis === 0 ? undefined : { AUDIO: Reply.audioTokens(said.audioMillis) }
    add([{ role: "model", parts }], spoken)
  }

  const recalled = (): string =>
    history.contents.filter((content) => content["role"] !== "model").map(textOf).filter((text) => text !== "")
      .join(" | ")

  const utterance = (last: Json.Json): Utterance.Utterance | Utterance.Blocked => {
    if (Directives.find(textOf(last)).recall) return Utterance.saying(recalled())
    const { generationConfig, systemInstruction, tools } = setting.setup
    const { calling, model, row, values } = setting
    const { responseModalities: _, ...config } = Object(generationConfig)
    // Only what was called before says which likely call is the next one.
    const contents = calling === "likely" ? history.contents : [last]
    const body = { contents, systemInstruction, tools, generationConfig: config }
    const made = Utterance.make({ model, row, body, seed: `${setting.seed}\n${count}`, calling, values })
    return "blockReason" in made ? made : made[0] ?? Utterance.saying("")
  }

  /** Ends a turn. It is called within the lock, when the turn is over. */
  const end = Effect.fnUntraced(function*(said: Reply.Spoken, more: Json.Json, complete: boolean) {
    const { traffic } = setting
    const usageMetadata = {
      ...Reply.usage(prompt(), said),
      ...(traffic === undefined ? {} : { trafficType: traffic })
    }
    remember(said)
    // The place is taken now, because the next turn may begin before the line that tells of this one.
    const place = mark()
    entry.turns++
    count++
    setting.changed()
    const status = setting.status ? { interactionStatus: interactionStatus() } : {}
    if (complete) yield* outbox.send({ serverContent: { turnComplete: true, ...more, ...status }, usageMetadata })
    outbox.turnEnds()
    yield* setting.update(place)
    yield* outbox.at("idle")
  })

  const close = (error: NonNullable<Answer.AnswerFields["error"]>) =>
    setting.shut(
      Judge.closeCode({ status: error.code }),
      error.message ?? (error.code === 429
        ? "You exceeded your current quota, please check your plan and billing details."
        : error.code >= 500
        ? "Internal error occurred."
        : general)
    )

  const register = (message: Json.Json) => {
    for (const call of Json.list(Json.at(message, "toolCall", "functionCalls"))) {
      const id = Json.text(Json.at(call, "id"))
      const name = String(Json.at(call, "name"))
      if (id !== undefined) pending.set(id, { name, blocking: Judge.isBlocking(setting.setup, setting.row, name) })
    }
  }

  const read = (given: Answer.AnswerFields): SpokenAnswer.ReadAnswer => SpokenAnswer.read(given, setting, count)

  /** Who answers the turn, and with what. Undefined if the turn was refused, which ends the session. */
  const told = Effect.fnUntraced(function*() {
    const request = setting.request(history.contents)
    const { answer, refused, ...who } = yield* setting.scripted(
      request,
      Object(request.body),
      (given) => read(given).misfit
    )
    const given: Answer.AnswerFields = answer === undefined ? {} : Answer.fields(answer)
    const { isForced, misfit, turn } = read(given)
    const untold = isForced ? Scripts.misfit : Scripts.untold
    const why = refused ?? (misfit === undefined ? undefined : untold(who, misfit))
    entry.verdicts.push(why === undefined ? who : { ...who, refused: why })
    setting.changed()
    if (why === undefined) return { given, turn }
    yield* setting.shut(1011, why)
    return undefined
  })

  const over = (said: Reply.Spoken, more: Json.Json, complete: boolean) =>
    lock.withPermit(Effect.suspend(() => {
      turn = undefined
      return end(said, more, complete)
    })).pipe(Effect.andThen(Effect.suspend(() => queued.length > 0 ? answerNow : Effect.void)))

  const play = Effect.fnUntraced(function*(current: Turn, last: Json.Json) {
    if (setting.isEmpty(count)) return yield* over(current.said, {}, true)
    const answer = yield* told()
    if (answer === undefined) return
    const { given } = answer
    const { said } = current
    said.usage = given.usage
    const dice = Dice.make(`${setting.seed}\nlive\n${setting.model}\n${count}\n${Json.canonical(last)}`)
    const { fault } = given
    const broken = given.error ?? fault?.error ?? (fault?.status === undefined ? undefined : { code: fault.status })
    if (broken !== undefined) return yield* close(broken)
    let more: Json.Json = {}
    let messages: Iterable<Json.Json>
    if (answer.turn !== undefined) {
      const { groundingMetadata } = answer.turn.extra
      if (groundingMetadata !== undefined) more = { groundingMetadata }
      messages = Reply.generated(answer.turn, said, setting.voice, dice, given.calls?.map(({ id }) => id))
    } else if (given.text !== undefined || given.response !== undefined || given.chunks !== undefined) {
      messages = Reply.scripted(given, said, setting.voice, dice)
    } else {
      const { error } = Directives.find(textOf(last))
      if (error !== undefined) return yield* close({ code: error })
      const made = utterance(last)
      if ("blockReason" in made) more = { turnCompleteReason: "PROHIBITED_INPUT_CONTENT" }
      messages = "blockReason" in made ? [] : Reply.generated(made, said, setting.voice, dice)
    }
    const pace = given.pace === undefined ? undefined : Pace.make(given.pace)
    const latency = (given.delay ?? 0) + (fault?.delay ?? 0) + (pace?.first ?? 0)
    if (latency > 0) yield* Effect.sleep(latency)
    if (fault !== undefined) outbox.breakTurn(fault)
    let spoken = 0
    const delayOf = (message: Json.Json): number =>
      pace === undefined
        ? given.chunkDelay ?? setting.chunkDelay
        : spoken++ === 0
        ? 0
        : pace.of(Reply.partsOf(message))
    let complete = false
    for (const message of messages) {
      const delay = delayOf(message)
      if (delay > 0) yield* Effect.sleep(delay)
      // The answer may be there before the next line.
      register(message)
      if (Json.at(message, "serverContent", "turnComplete") === true) complete = true
      yield* outbox.say(message)
    }
    if ([...pending.values()].some(({ blocking }) => blocking)) {
      waiting = true
      if (current.answers.length > 0) yield* goOn(current)
      return
    }
    if (!complete) {
      yield* outbox.say({ serverContent: { generationComplete: true } })
      if (setting.playback > 0) yield* Effect.sleep(setting.playback)
    }
    yield* over(said, more, !complete && !setting.lacksTurnComplete(count))
  })

  /** What was said and is not part of the history yet. */
  const queued: Array<() => void> = []

  const interactionStatus = () => queued.length > 0 ? "IN_PROGRESS" : pending.size > 0 ? "REQUIRES_ACTION" : "IDLE"

  const fork = (current: Turn, last: Json.Json, before: Effect.Effect<void>) =>
    Effect.map(
      Effect.forkIn(
        Effect.andThen(before, play(current, last)).pipe(
          Effect.catchDefect(() => setting.shut(1011, "Internal error occurred."))
        ),
        setting.scope
      ),
      (fiber) => {
        current.fiber = fiber
      }
    )

  const answerNow: Effect.Effect<void> = Effect.suspend(() => {
    waiting = false
    gathering = false
    for (const add of queued.splice(0)) add()
    const current: Turn = { fiber: undefined, said: Reply.nothing(), answers: [] }
    turn = current
    return fork(
      current,
      history.contents.at(-1) ?? { role: "user", parts: [] },
      lock.withPermit(Effect.suspend(() => {
        outbox.turnBegins()
        return setting.update(undefined)
      }))
    )
  })

  /** Goes on with the turn once every call that holds it up is answered. */
  const goOn = (current: Turn): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (!waiting || [...pending.values()].some(({ blocking }) => blocking)) return Effect.void
      waiting = false
      remember(current.said)
      const content = { role: "user", parts: current.answers.splice(0) }
      hold(setting.message(), [content])
      current.said = Reply.nothing()
      return fork(current, content, Effect.void)
    })

  // What is said later comes behind what still waits.
  const append: Turns["append"] = (contents, tokens) => {
    const message = setting.message()
    if (queued.length === 0) hold(message, contents, tokens)
    else queued.push(() => hold(message, contents, tokens))
  }

  /** Adds the answers of functions, after which the state no longer waits for them. */
  const held = (content: Json.Json, ids: ReadonlyArray<string>) => {
    const message = setting.message()
    return () => {
      hold(message, [content])
      for (const id of ids) answered.delete(id)
    }
  }

  const answer = (contents: ReadonlyArray<Json.Json>, tokens?: Tokens.Counts): Effect.Effect<void> =>
    Effect.suspend(() => {
      const message = setting.message()
      return answerTo(() => hold(message, contents, tokens))
    })

  const answerTo = (add: () => void): Effect.Effect<void> =>
    Effect.suspend(() => {
      queued.push(add)
      if (turn !== undefined || gathering) return Effect.void
      if (setting.mergeWithin <= 0) return answerNow
      gathering = true
      const later = Effect.andThen(
        Effect.sleep(setting.mergeWithin),
        Effect.suspend(() => gathering ? answerNow : Effect.void)
      )
      return Effect.asVoid(Effect.forkIn(later, setting.scope))
    })

  const hear: Turns["hear"] = (contents, tokens) =>
    Effect.suspend(() => {
      if (!setting.waitsForInput(heard++)) return answer(contents, tokens)
      append(contents, tokens)
      return outbox.send({ serverContent: { waitingForInput: true } })
    })

  const interrupt: Turns["interrupt"] = Effect.gen(function*() {
    const current = turn
    if (current === undefined) return
    turn = undefined
    waiting = false
    if (current.fiber !== undefined) yield* Fiber.interrupt(current.fiber)
    const ids = [...pending].filter(([, { blocking }]) => blocking).map(([id]) => id)
    for (const id of ids) {
      pending.delete(id)
      cancelled.add(id)
    }
    yield* outbox.send({ serverContent: { interrupted: true } })
    if (ids.length > 0) yield* outbox.send({ toolCallCancellation: { ids } })
    yield* lock.withPermit(end(current.said, {}, true))
    // What waited for its turn is not answered any more, but was said, and so is part of the history.
    for (const add of queued.splice(0)) add()
  })

  const respond = Effect.fnUntraced(function*(responses: ReadonlyArray<Json.Json>) {
    const loose: Array<Json.Json> = []
    const ids: Array<string> = []
    let generate = false
    let cuts = false
    for (const { scheduling, willContinue, ...response } of responses) {
      if (scheduling !== undefined && setting.row?.live?.noScheduling === true) {
        return yield* setting.shut(1007, general)
      }
      const name = Json.text(response["name"])
      const id = Json.text(response["id"]) || [...pending].find(([, call]) => call.name === name)?.[0]
      if (id !== undefined && cancelled.has(id)) continue
      const call = id === undefined ? undefined : pending.get(id)
      if (call === undefined && Json.text(response["id"])) return yield* setting.shut(1007, general)
      if (id !== undefined && call !== undefined && willContinue !== true) {
        pending.delete(id)
        if (!call.blocking) {
          answered.set(id, call)
          ids.push(id)
        }
      }
      const part = { functionResponse: { name: call?.name, ...response } }
      if (call?.blocking === true && turn !== undefined) {
        turn.answers.push(part)
        continue
      }
      loose.push(part)
      if (scheduling !== "SILENT") generate = true
      if (scheduling === "INTERRUPT") cuts = true
    }
    if (turn !== undefined && turn.answers.length > 0) yield* goOn(turn)
    if (loose.length === 0) return
    const add = held({ role: "user", parts: loose }, ids)
    if (!generate) return queued.length === 0 ? add() : void queued.push(add)
    if (cuts) yield* interrupt
    yield* answerTo(add)
  })

  return {
    number: () => count,
    isActive: () => turn !== undefined || gathering,
    append,
    hear,
    interrupt,
    respond,
    mark
  }
}
