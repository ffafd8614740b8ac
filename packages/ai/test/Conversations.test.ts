/**
 * Random conversations: parts of every kind, tools that end, fail, wait for a person or are stopped, answers that are cut,
 * unary and streamed, stored and read again at any step. The judging emulator refuses none of their requests, and each
 * request holds everything that was said so far: every part of Gemini's with its signature, and every call's result.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Chat from "effect/ai/Chat"
import * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { answer, call, contents, type Json, partsOf, record, services } from "./scripted.ts"

const conversations = Number(process.env["CONVERSATIONS"] ?? 100)
const steps = 12

const parameters = Schema.Struct({ at: Schema.Date, n: Schema.BigInt })
const toolkit = Toolkit.make(
  Tool.make("quick", { parameters, success: Schema.ReadonlyMap(Schema.String, Schema.BigInt) }),
  Tool.make("failing", { parameters, failure: Schema.Struct({ n: Schema.BigInt }), failureMode: "return" }),
  Tool.make("asking", { parameters, success: Schema.Option(Schema.BigInt), needsApproval: true }),
  Tool.make("slow", { parameters })
)
type Name = keyof typeof toolkit.tools

/** What the request must say to a call, by its state; `n` is the call's argument. */
const results: Readonly<Record<string, (n: string) => Json>> = {
  quick: (n) => ({ output: [["n", n]] }),
  failing: (n) => ({ error: { n } }),
  asking: (n) => ({ _tag: "Some", value: n }),
  interrupted: () => ({ error: "execution-interrupted" }),
  pending: () => ({ error: "approval-pending" }),
  denied: () => ({ error: "execution-denied" })
}

interface Called {
  readonly name: Name
  readonly n: string
  /** Several where it hangs on the moment of a stop. */
  states: ReadonlyArray<string>
}

type Said =
  | { readonly user: string }
  | { readonly parts: ReadonlyArray<Json>; readonly calls: ReadonlyArray<Called> }

/** A generator of numbers below n, the same for every seed. */
const dice = (seed: number) => {
  let state = seed
  return (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 8) % n
  }
}

const isPlain = (part: Json | undefined) => typeof part?.["text"] === "string" && part["thoughtSignature"] === undefined

/** Texts that follow each other are one to a stream. */
const joined = (parts: ReadonlyArray<Json>): ReadonlyArray<Json> => {
  const out: Array<Json> = []
  for (const part of parts) {
    const last = out.at(-1)
    if (last !== undefined && isPlain(last) && isPlain(part) && last["thought"] === part["thought"]) {
      out[out.length - 1] = { ...last, text: `${String(last["text"])}${String(part["text"])}` }
    } else out.push(part)
  }
  return out
}

class Conversation {
  readonly #pick: (n: number) => number
  readonly said: Array<Said> = []
  #count = 0
  #answer: ReturnType<typeof answer> = answer([])

  constructor(seed: number) {
    this.#pick = dice(seed)
  }

  get next() {
    return this.#answer
  }

  pick(n: number): number {
    return this.#pick(n)
  }

  #signature(): string {
    return btoa(`signature ${this.#count++}`)
  }

  #part(): Json {
    const signed = this.pick(3) === 0 ? { thoughtSignature: this.#signature() } : {}
    switch (this.pick(7)) {
      case 0:
        return { text: `thought ${this.#count++} `, thought: true, ...signed }
      case 1:
        return { inlineData: { mimeType: "image/png", data: "AQID" }, ...signed }
      case 2:
        return { inlineData: { mimeType: "image/png", data: "AQIE" }, thought: true, ...signed }
      case 3:
        return { text: "", thoughtSignature: this.#signature() }
      case 4:
        return { text: `text ${this.#count++} `, partMetadata: { a: [this.#count] }, ...signed }
      default:
        return { text: `text ${this.#count++} `, ...signed }
    }
  }

  /** Decides what the model says next: texts, and calls of these tools; `isCut` ends it at its limit. */
  answers(names: ReadonlyArray<Name>, isCut = false): void {
    const parts = Array.from({ length: 1 + this.pick(3) }, () => this.#part())
    const calls = names.map((name): Called => ({
      name,
      n: String(this.#count++),
      states: isCut ? ["interrupted"] : name === "asking" ? ["pending"] : name === "slow" ? ["interrupted"] : [name]
    }))
    const wire = calls.map(({ n, name }, i) =>
      call(
        name,
        { at: "2026-01-02T03:04:05.000Z", n },
        this.pick(4) === 0 ? undefined : `call-${n}`,
        i === 0 ? this.#signature() : undefined
      )
    )
    this.#answer = answer([...parts, ...wire], isCut ? { finishReason: "MAX_TOKENS" } : {})
    this.said.push({ parts: [...parts, ...wire], calls })
  }
}

/** What a request says in answer to a call, without the sentences. */
const told = (part: Json): Json => {
  const response = record(record(part["functionResponse"])["response"])
  const type = record(response["error"])["type"]
  return type === undefined ? response : { error: type }
}

/** The request holds all that was said, in its order. */
const check = (sent: ReadonlyArray<Json>, said: ReadonlyArray<Said>, where: string): void => {
  const rest = [...sent]
  for (const entry of said) {
    const content = rest.shift()
    if ("user" in entry) {
      assert.deepStrictEqual(content, { role: "user", parts: [{ text: entry.user }] }, where)
      continue
    }
    assert.deepStrictEqual(joined(partsOf(content)), joined(entry.parts), where)
    if (entry.calls.length === 0) continue
    const responses = partsOf(rest.shift())
    assert.lengthOf(responses, entry.calls.length, where)
    entry.calls.forEach(({ n, name, states }, i) => {
      const part = responses[i] ?? {}
      assert.strictEqual(record(part["functionResponse"])["name"], name, where)
      const got = JSON.stringify(told(part))
      assert.include(states.map((state) => JSON.stringify(results[state]?.(n))), got, `${where}: ${name} ${n}`)
    })
  }
  assert.lengthOf(rest, 0, where)
}

const approvals = (content: ReadonlyArray<Response.AnyPart>) =>
  content.flatMap((part) => part.type === "tool-approval-request" ? [part] : [])

interface Pending {
  readonly approvalId: string
  readonly called: Called
}

const run = (seed: number) => {
  const talk = new Conversation(seed)
  const counts = { requests: 0, parts: 0, stops: 0, approved: 0 }
  let running: Deferred.Deferred<void> | undefined
  const handlers = toolkit.toLayer({
    quick: ({ n }) => Effect.succeed(new Map([["n", n]])),
    failing: ({ n }) => Effect.fail({ n }),
    asking: ({ n }) => Effect.succeed(Option.some(n)),
    slow: () => Effect.andThen(running === undefined ? Effect.void : Deferred.succeed(running, undefined), Effect.never)
  })
  const conversation = Effect.gen(function*() {
    let chat: Chat.Chat = yield* Chat.empty
    let pending: ReadonlyArray<Pending> = []
    const names = (): ReadonlyArray<Name> =>
      Array.from({ length: talk.pick(4) }, () => (["quick", "failing", "asking"] as const)[talk.pick(3)] ?? "quick")

    /** Asks, and compares what went out with what was said before the answer. */
    const ask = Effect.fnUntraced(function*(prompt: Prompt.RawInput, how: number) {
      const content: ReadonlyArray<Response.AnyPart> = how === 0
        ? (yield* chat.generateText({ prompt, toolkit })).content
        : yield* Stream.runCollect(chat.streamText({ prompt, toolkit }))
      return content
    })
    const compare = Effect.fnUntraced(function*(step: number) {
      counts.requests++
      check(yield* contents, talk.said.slice(0, -1), `seed ${seed}, step ${step}`)
    })
    const note = (content: ReadonlyArray<Response.AnyPart>) => {
      const last = talk.said.at(-1)
      if (last === undefined || "user" in last) return
      counts.parts += last.parts.length
      const asking = last.calls.filter(({ states }) => states.includes("pending"))
      pending = [
        ...pending,
        ...approvals(content).flatMap(({ approvalId }, i) => {
          const called = asking[i]
          return called === undefined ? [] : [{ approvalId, called }]
        })
      ]
    }

    for (let step = 0; step < steps; step++) {
      const last = talk.said.at(-1)
      const kind = talk.pick(10)
      if (kind < 2 && pending.length > 0) {
        // A person answers some of the open questions.
        const answered = pending.filter(() => talk.pick(2) === 0)
        if (answered.length === 0) continue
        pending = pending.filter((question) => !answered.includes(question))
        const parts = answered.map(({ approvalId, called }) => {
          const approved = talk.pick(3) > 0
          called.states = [approved ? "asking" : "denied"]
          counts.approved += approved ? 1 : 0
          return Prompt.makePart("tool-approval-response", { approvalId, approved })
        })
        // A model's answer that nothing follows would end the request with the model.
        const text = `so ${step}`
        talk.said.push({ user: text })
        talk.answers(names())
        const prompt = Prompt.fromMessages([
          Prompt.makeMessage("tool", { content: parts }),
          Prompt.makeMessage("user", { content: [Prompt.makePart("text", { text })] })
        ])
        const content = yield* ask(prompt, talk.pick(2))
        yield* compare(step)
        note(content)
      } else if (kind < 4) {
        // Somebody presses stop while a tool runs.
        talk.said.push({ user: `stop ${step}` })
        const others = names()
        talk.answers([...others, "slow"])
        const said = talk.said.at(-1)
        running = yield* Deferred.make<void>()
        const seen: Array<Response.AnyPart> = []
        const fiber = yield* chat.streamText({ prompt: `stop ${step}`, toolkit }).pipe(
          Stream.runForEach((part) => Effect.sync(() => seen.push(part))),
          Effect.forkChild({ startImmediately: true })
        )
        yield* Deferred.await(running)
        yield* Fiber.interrupt(fiber)
        yield* compare(step)
        counts.stops++
        if (said !== undefined && "calls" in said) {
          for (const called of said.calls) called.states = [...called.states, "interrupted"]
        }
      } else if (kind < 5 && last !== undefined && "calls" in last && last.calls.length > 0) {
        // The results alone ask for the next step.
        talk.answers(names())
        const content = yield* ask([], talk.pick(2))
        yield* compare(step)
        note(content)
      } else {
        talk.said.push({ user: `question ${step}` })
        talk.answers(names(), talk.pick(6) === 0)
        const content = yield* ask(`question ${step}`, talk.pick(2))
        yield* compare(step)
        note(content)
      }
      if (talk.pick(3) === 0) chat = yield* Chat.fromJson(yield* chat.exportJson)
    }
    const { requests } = yield* Emulator.Emulator
    assert.deepStrictEqual([...new Set((yield* requests).map(({ status }) => status))], [200], `seed ${seed}`)
    return counts
  })
  return conversation.pipe(Effect.provide(Layer.merge(services({ answers: () => talk.next }), handlers)))
}

describe("a conversation", () => {
  it.effect(`is never refused and loses nothing (${conversations} of ${steps} steps)`, () =>
    Effect.gen(function*() {
      const total = { requests: 0, parts: 0, stops: 0, approved: 0 }
      for (let seed = 1; seed <= conversations; seed++) {
        const counts = yield* run(seed)
        total.requests += counts.requests
        total.parts += counts.parts
        total.stops += counts.stops
        total.approved += counts.approved
      }
      process.stdout.write(`\n29.2 ${JSON.stringify(total)}\n`)
      assert.isAbove(total.requests, conversations * steps / 2)
      assert.isAbove(total.stops, conversations / 2)
      assert.isAbove(total.approved, conversations / 4)
    }), 600_000)
})
