/**
 * One question of a chat with all that comes of it: the model is asked, its calls are made, and it is asked again with what
 * they gave, until it has nothing more to call. Each step is kept before the next one, and an exchange that is broken off
 * keeps what was said and done.
 */
import * as Accumulate from "effect-gemini/call/Accumulate"
import * as Cost from "effect-gemini/Cost"
import type { GeminiClient } from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Content from "effect-gemini/wire/Content"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Part from "effect-gemini/wire/Part"
import type { Tool } from "effect-gemini/wire/Tool"
import type { Usage } from "effect-gemini/wire/Usage"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Exit from "effect/Exit"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { dollars } from "../ask/footer.ts"
import { CommandFailed } from "../CommandFailed.ts"
import type { Chat } from "../history/Chat.ts"
import { changed, dataOf, mark, ofContent, type Turn } from "../history/ChatRecord.ts"
import * as ChatState from "../history/ChatState.ts"
import type { Stage } from "./Stage.ts"
import type { Toolbox } from "./Toolbox.ts"

/** How often a model may call tools before the person is asked whether it should go on. */
const rounds = 25

/** Text that stands for an answer that nobody let come. */
const interrupted = "(interrupted)"

export interface Asking {
  readonly chat: Chat
  readonly client: GeminiClient["Service"]
  readonly model: string
  readonly toolbox: Toolbox
  /** Google's own tools. */
  readonly tools: ReadonlyArray<Tool>
  readonly stage: Stage
}

/** How an exchange ended. */
export interface Exchanged {
  readonly model: string
  readonly usage: Usage | undefined
  readonly cost: Cost.Cost | undefined
  /** How long the model took, in milliseconds: people and tools have their own time. */
  readonly duration: number
  readonly finishReason: string | undefined
  /** The last answer, with the sources of what it says. */
  readonly response: GenerateContent.GenerateContentResponse
  /** Whether the model still wanted to call tools. */
  readonly isUnfinished: boolean
}

/** A content as it is kept: its bytes lie beside the chat. */
const keptTurn = Effect.fnUntraced(function*(chat: Chat, content: Content.Content) {
  const turn = ofContent(content)
  const marks = new Map<string, string>()
  for (const data of dataOf([turn])) {
    const bytes = Base64.decode(data)
    if (Result.isSuccess(bytes)) marks.set(data, yield* chat.keep(bytes.success))
  }
  return marks.size === 0 ? turn : changed(turn, (data) => marks.get(data) ?? data)
})

/** Kept turns as they are sent, with their bytes. */
const restored = Effect.fnUntraced(function*(chat: Chat, turns: ReadonlyArray<Turn>) {
  const bytes = new Map<string, string>()
  for (const data of dataOf(turns)) {
    if (data.startsWith(mark)) bytes.set(data, Base64.encode(yield* chat.bytes(data)))
  }
  return turns.flatMap((turn) =>
    ChatState.contentOf(bytes.size === 0 ? turn : changed(turn, (data) => bytes.get(data) ?? data)) ?? []
  )
})

interface Counted {
  readonly usage?: Usage
  readonly dollars?: string
  readonly isPartial?: true
}

const counted = (usage: Usage | undefined, cost: Cost.Cost | undefined): Counted => {
  const amount = dollars(cost)
  return {
    ...(usage === undefined ? {} : { usage }),
    ...(amount === undefined ? {} : { dollars: amount }),
    ...(cost?.isPartial === true ? { isPartial: true } : {})
  }
}

const isSaid = ({ parts = [] }: Content.Content): boolean =>
  (parts ?? []).some(({ text, thought, ...rest }) =>
    (typeof text === "string" && text !== "" && thought !== true) ||
    Object.keys(rest).some((key) => key !== "thoughtSignature")
  )

const sum = (costs: ReadonlyArray<Cost.Cost>): Cost.Cost | undefined => costs.length === 0 ? undefined : Cost.all(costs)

const added = (one: Usage | undefined, other: Usage | undefined): Usage | undefined =>
  one === undefined || other === undefined ? one ?? other : {
    promptTokens: one.promptTokens + other.promptTokens,
    cachedTokens: one.cachedTokens + other.cachedTokens,
    toolUsePromptTokens: one.toolUsePromptTokens + other.toolUsePromptTokens,
    thoughtsTokens: one.thoughtsTokens + other.thoughtsTokens,
    candidatesTokens: one.candidatesTokens + other.candidatesTokens,
    totalTokens: one.totalTokens + other.totalTokens
  }

/** Asks the question of these parts and returns when there is nothing more to do about it. */
export const exchange = (
  { chat, client, model, stage, toolbox, tools }: Asking,
  question: ReadonlyArray<Part.Part>
): Effect.Effect<Exchanged, GeminiError | CommandFailed | PlatformError> =>
  Effect.suspend(() => {
    // What has come of the answer that is on its way, and what calls of the last one gave.
    let chunks: Array<GenerateContent.GenerateContentResponse> = []
    let pending: ReadonlyArray<Part.FunctionCall> = []
    let results: Array<Part.Part> = []
    const costs: Array<Cost.Cost> = []
    let usage: Usage | undefined
    let answeredBy = model
    let duration = 0

    const note = (response: GenerateContent.GenerateContentResponse, at: number) => {
      const own = GenerateContent.usage(response)
      const cost = own === undefined ? undefined : Cost.of(model, response, { at })
      if (cost !== undefined) costs.push(cost)
      usage = added(usage, own)
      answeredBy = response.modelVersion ?? model
      return counted(own, cost)
    }

    const answered = Effect.gen(function*() {
      const { state } = chat
      const contents = yield* restored(chat, [...ChatState.sent(state), ...state.open?.turns ?? []])
      const declarations = Array.from(toolbox.tools.values(), ({ declaration }) => declaration)
      const all = [...tools, ...(declarations.length === 0 ? [] : [{ functionDeclarations: declarations }])]
      chunks = []
      const began = yield* Clock.currentTimeMillis
      yield* stage.asking(model)
      yield* client.generateStream({
        model,
        contents,
        ...(state.system === "" ? {} : { systemInstruction: state.system }),
        ...(all.length === 0 ? {} : { tools: all })
      }, { observe: stage.waits }).pipe(
        Stream.runForEach((chunk) => {
          chunks.push(chunk.response)
          return stage.came(chunk)
        })
      )
      const response = Accumulate.fromChunks(chunks)
      chunks = []
      const at = yield* Clock.currentTimeMillis
      duration += at - began
      const content: Content.Content = { role: "model", parts: [], ...response.candidates?.[0]?.content }
      const finishReason = GenerateContent.finishReason(response)
      const spent = note(response, at)
      const calls = GenerateContent.functionCalls(response)
      if (!isSaid(content)) {
        const message = `the model said nothing${finishReason === undefined ? "" : ` (${finishReason})`}`
        yield* chat.append({ _tag: "Failed", message, model: answeredBy, ...spent })
        return yield* new CommandFailed({ exitCode: 1, text: message })
      }
      yield* chat.append({
        _tag: "Replied",
        turn: yield* keptTurn(chat, content),
        model: answeredBy,
        ...spent,
        ...(finishReason === undefined ? {} : { finishReason }),
        hasCalls: calls.length > 0
      })
      yield* stage.ended
      return { calls, finishReason, response }
    })

    const called = Effect.fnUntraced(function*(call: Part.FunctionCall) {
      const tool = toolbox.tools.get(call.name ?? "")
      if (tool === undefined) {
        const names = [...toolbox.tools.keys()].join(", ")
        return Part.functionError(call, `there is no tool of this name${names === "" ? "" : `; there are ${names}`}`)
      }
      const args = call.args ?? {}
      const consent = tool.isReadonly
        ? { _tag: "Given", how: "readonly" } as const
        : yield* stage.consent(tool, args)
      if (consent._tag === "Refused") return Part.functionError(call, consent.why)
      yield* chat.append({
        _tag: "Called",
        tool: tool.name,
        args: JSON.parse(JSON.stringify(args)),
        consent: consent.how
      })
      yield* stage.calling(tool, args)
      const outcome = yield* tool.call(args)
      yield* stage.returned(tool, outcome)
      const response = Part.functionResponse(call, outcome.response)
      return outcome.media.length === 0 ? response : {
        functionResponse: {
          ...response.functionResponse,
          parts: outcome.media.map(({ inlineData }) => ({ inlineData }))
        }
      }
    })

    const returned = Effect.gen(function*() {
      yield* chat.append({ _tag: "Returned", turn: yield* keptTurn(chat, Content.user(results)) })
      pending = []
      results = []
    })

    const all = Effect.gen(function*() {
      const at = yield* Clock.currentTimeMillis
      yield* chat.append({ _tag: "Asked", at, turn: yield* keptTurn(chat, Content.user(question)) })
      for (let round = 1;; round++) {
        const { calls, finishReason, response } = yield* answered
        const ended = { model: answeredBy, usage, cost: sum(costs), duration, finishReason, response }
        if (calls.length === 0) return { ...ended, isUnfinished: false }
        pending = calls
        // One after the other, because a person decides about each.
        for (const call of calls) results.push(yield* called(call))
        yield* returned
        if (round < rounds) continue
        yield* chat.append({
          _tag: "Replied",
          turn: { role: "model", parts: [{ text: "(stopped to ask whether to go on)" }] },
          model: answeredBy,
          hasCalls: false,
          isBroken: true
        })
        return { ...ended, isUnfinished: true }
      }
    })

    /** Keeps what came before the end that nobody wanted, so that the model knows of it and it is paid but once. */
    const broken = Effect.fnUntraced(function*(why: string) {
      const { open } = chat.state
      if (open === undefined) return
      if (pending.length > 0) {
        const rest = pending.slice(results.length)
        results.push(...rest.map((call) => Part.functionError(call, `interrupted: what came of it is not known`)))
        yield* returned
      }
      const response = Accumulate.fromChunks(chunks)
      const text = GenerateContent.text(response)
      const spent = chunks.length === 0 ? {} : note(response, yield* Clock.currentTimeMillis)
      if (text === "" && chat.state.open?.turns.length === 1) {
        return yield* chat.append({ _tag: "Failed", message: why, model: answeredBy, ...spent })
      }
      yield* chat.append({
        _tag: "Replied",
        turn: { role: "model", parts: [{ text: text === "" ? interrupted : text }] },
        model: answeredBy,
        ...spent,
        hasCalls: false,
        isBroken: true
      })
    })

    return Effect.onExit(all, (exit) =>
      Exit.isSuccess(exit)
        ? Effect.void
        : Effect.andThen(broken(messageOf(exit.cause)), Effect.ignore(stage.ended)))
  })

const messageOf = (cause: Cause.Cause<GeminiError | CommandFailed | PlatformError>): string => {
  const error = Cause.squash(cause)
  return Cause.hasInterruptsOnly(cause) ? interrupted : error instanceof Error ? error.message : String(error)
}
