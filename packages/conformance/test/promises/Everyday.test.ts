/**
 * Fifteen everyday tasks, with `effect-gemini-promises` and with `@google/genai`: both work, ours takes no more lines in
 * any of them, and what goes wrong on the way is told better. What the other one does is measured here as well: a
 * version of it that does better fails a test.
 */
import { GoogleGenAI } from "@google/genai"
import type * as Answer from "effect-gemini-emulator/Answer"
import * as Emulator from "effect-gemini-emulator/Standalone"
import { Gemini, GeminiError } from "effect-gemini-promises"
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import * as ours from "./ours.ts"
import * as theirs from "./theirs.ts"

let emulator: Awaited<ReturnType<typeof Emulator.start>>
let gemini: Gemini
let ai: GoogleGenAI
beforeAll(async () => {
  emulator = await Emulator.start()
  gemini = new Gemini({ apiKey: "key", baseUrl: emulator.url, tier: "tier3", retry: { baseDelay: 1 } })
  ai = new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl: emulator.url } })
})
afterAll(async () => {
  await gemini.close()
  await emulator.stop()
})
beforeEach(() => emulator.clear())

const recipe = { title: "Bread", minutes: 60, steps: ["knead"] }
const png = new Uint8Array([137, 80, 78, 71])
const call = { calls: [{ name: "weather", args: { city: "Oslo" } }] }
const weather = async () => ({ celsius: 21 })
const last = (text: string) => ({
  candidates: [{ content: { role: "model", parts: [{ text }] }, finishReason: "STOP" }]
})
const told = (run: (write: (text: string) => void) => Promise<unknown>) => async () => {
  let text = ""
  await run((piece) => void (text += piece))
  return text
}
const post = () => new Request("http://here.invalid", { method: "POST", body: JSON.stringify({ prompt: "Go" }) })
const textsOf = (events: string): string =>
  Array.from(events.matchAll(/^data: (.*)$/gm), ([, json = ""]) => JSON.parse(json).text).join("")

interface Task {
  readonly answers: ReadonlyArray<Answer.Answer>
  readonly ours: () => Promise<unknown>
  readonly theirs: () => Promise<unknown>
  readonly expected: unknown
}

/** Each task, what the model says, and what both clients are expected to make of it. */
const tasks: Readonly<Record<keyof typeof ours, Task>> = {
  ask: {
    answers: ["Hello"],
    ours: () => ours.ask(gemini, "Hi"),
    theirs: () => theirs.ask(ai, "Hi"),
    expected: "Hello"
  },
  settings: {
    answers: ["Paris"],
    ours: () => ours.settings(gemini, "The capital of France?"),
    theirs: () => theirs.settings(ai, "The capital of France?"),
    expected: "Paris"
  },
  stream: {
    answers: [{ chunks: ["one ", last("two")] }],
    ours: told((write) => ours.stream(gemini, "Count", write)),
    theirs: told((write) => theirs.stream(ai, "Count", write)),
    expected: "one two"
  },
  askWithin: {
    answers: ["Hello"],
    ours: () => ours.askWithin(gemini, "Hi", AbortSignal.timeout(60_000)),
    theirs: () => theirs.askWithin(ai, "Hi", AbortSignal.timeout(60_000)),
    expected: "Hello"
  },
  json: {
    answers: [{ json: recipe }],
    ours: () => ours.json(gemini, "bread"),
    theirs: () => theirs.json(ai, "bread"),
    expected: recipe
  },
  tools: {
    answers: [call, "21 degrees"],
    ours: () => ours.tools(gemini, "How warm is it in Oslo?", weather),
    theirs: () => theirs.tools(ai, "How warm is it in Oslo?", weather),
    expected: "21 degrees"
  },
  chat: {
    answers: ["One", "Two"],
    ours: () => ours.chat(gemini, "First", "Second"),
    theirs: () => theirs.chat(ai, "First", "Second"),
    expected: "Two"
  },
  streamedChat: {
    answers: [{ chunks: ["a ", last("b ")] }, { chunks: [last("c")] }],
    ours: told((write) => ours.streamedChat(gemini, ["First", "Second"], write)),
    theirs: told((write) => theirs.streamedChat(ai, ["First", "Second"], write)),
    expected: "a b c"
  },
  image: {
    answers: ["A dot"],
    ours: () => ours.image(gemini, png),
    theirs: () => theirs.image(ai, png),
    expected: "A dot"
  },
  file: {
    answers: ["Short"],
    ours: () => ours.file(gemini, "A long text"),
    theirs: () => theirs.file(ai, "A long text"),
    expected: "Short"
  },
  embed: {
    answers: [],
    ours: async () => (await ours.embed(gemini, ["a", "b"])).length,
    theirs: async () => (await theirs.embed(ai, ["a", "b"]))?.length,
    expected: 2
  },
  count: {
    answers: [],
    ours: async () => Number(await ours.count(gemini, "How much?")) > 0,
    theirs: async () => Number(await theirs.count(ai, "How much?")) > 0,
    expected: true
  },
  models: {
    answers: [],
    ours: async () => (await ours.models(gemini)).includes("models/gemini-3.8-flash"),
    theirs: async () => (await theirs.models(ai)).includes("models/gemini-3.8-flash"),
    expected: true
  },
  excuse: {
    answers: [{ response: { promptFeedback: { blockReason: "SAFETY" } } }],
    ours: () => ours.excuse(gemini, "Hi"),
    theirs: () => theirs.excuse(ai, "Hi"),
    expected: "Let us not."
  },
  endpoint: {
    answers: [{ chunks: ["one ", last("two")] }],
    ours: async () => textsOf(await (await ours.endpoint(gemini, post())).text()),
    theirs: async () => textsOf(await (await theirs.endpoint(ai, post())).text()),
    expected: "one two"
  }
}

/** The lines of each function, from its head to its closing brace. Both files are formatted by the same rules. */
const linesOf = (file: string): ReadonlyMap<string, number> => {
  const source = readFileSync(new URL(file, import.meta.url), "utf8")
  return new Map(Array.from(source.matchAll(/^export const (\w+) = async [\s\S]*?^\}$/gm), ([text, name = ""]) => [
    name,
    text.split("\n").length
  ]))
}

const names = Object.keys(ours).sort()
const [mine, others] = [linesOf("./ours.ts"), linesOf("./theirs.ts")]

test("there are fifteen tasks, and the same ones in both files", () => {
  expect(names).toHaveLength(15)
  expect(Array.from(mine.keys()).sort()).toEqual(names)
  expect(Array.from(others.keys()).sort()).toEqual(names)
})

describe.each(Object.entries(tasks))("%s", (name, task) => {
  test("ours takes no more lines", () => {
    expect(mine.get(name)).toBeLessThanOrEqual(others.get(name) ?? 0)
  })

  test("both do it", async () => {
    emulator.enqueue(...task.answers)
    expect(await task.ours()).toEqual(task.expected)
    emulator.clear()
    emulator.enqueue(...task.answers)
    expect(await task.theirs()).toEqual(task.expected)
  })
})

const failure = async (run: () => Promise<unknown>): Promise<unknown> => {
  try {
    return { resolved: await run() }
  } catch (error) {
    return error
  }
}
const reasonOf = (error: unknown) => error instanceof GeminiError ? error.reason._tag : error

describe("what goes wrong", () => {
  test("abort: ours rejects with the signal's own reason, in a call and in a stream", async () => {
    const run = async (ask: (signal: AbortSignal) => Promise<unknown>) => {
      emulator.clear()
      emulator.addFault({ halfOpen: true })
      const controller = new AbortController()
      const reason = new Error("the user left")
      const asked = failure(() => ask(controller.signal))
      await emulator.awaitRequests(1)
      controller.abort(reason)
      return await asked === reason
    }
    expect(await run((signal) => ours.askWithin(gemini, "Hi", signal))).toBe(true)
    expect(await run((signal) => ours.stream(gemini, "Hi", () => {}, signal))).toBe(true)
    expect(await run((signal) => theirs.askWithin(ai, "Hi", signal))).toBe(false)
    expect(await run((signal) => theirs.stream(ai, "Hi", () => {}, signal))).toBe(false)
  })

  test("retry: ours outlives two refusals", async () => {
    const run = async (ask: () => Promise<unknown>) => {
      emulator.clear()
      emulator.enqueue({ error: { code: 503 } }, { error: { code: 503 } }, "Hello")
      return failure(ask)
    }
    expect(await run(() => ours.ask(gemini, "Hi"))).toEqual({ resolved: "Hello" })
    expect(await run(() => theirs.ask(ai, "Hi"))).toMatchObject({ status: 503 })
  })

  test("schema failure: ours asks again with what was wrong, and else says where in a typed error", async () => {
    const wrong = JSON.stringify({ ...recipe, minutes: "soon" })
    const run = async (ask: () => Promise<unknown>, ...answers: ReadonlyArray<string | { readonly json: unknown }>) => {
      emulator.clear()
      emulator.enqueue(...answers.map((answer) => typeof answer === "string" ? { text: answer } : answer))
      return failure(ask)
    }
    expect(await run(() => ours.json(gemini, "bread"), wrong, { json: recipe })).toEqual({ resolved: recipe })
    expect(emulator.requests()).toHaveLength(2)
    const never = await run(() => ours.json(gemini, "bread"), wrong, wrong)
    expect(reasonOf(never)).toBe("InvalidResponse")
    expect(never).toMatchObject({ message: expect.stringContaining("minutes"), usage: expect.anything() })
    // The same answers end the other one at the first, with an error of Zod's that knows nothing of the call.
    expect(await run(() => theirs.json(ai, "bread"), wrong, { json: recipe })).toMatchObject({ name: "ZodError" })
    expect(emulator.requests()).toHaveLength(1)
  })

  test("a cut stream: ours fails with what had come; the other one ends as if it were whole", async () => {
    const run = async (ask: (write: (text: string) => void) => Promise<unknown>) => {
      emulator.clear()
      emulator.addFault({ cut: { chunks: 1, clean: true } })
      emulator.enqueue({ chunks: ["one ", "two ", last("three")] })
      let text = ""
      const error = await failure(() => ask((piece) => void (text += piece)))
      return { text, error }
    }
    const cut = await run((write) => ours.stream(gemini, "Count", write))
    expect(cut.text).toBe("one ")
    expect(reasonOf(cut.error)).toBe("StreamInterrupted")
    expect(cut.error).toMatchObject({ reason: { received: [expect.anything()] } })
    expect(await run((write) => theirs.stream(ai, "Count", write))).toEqual({
      text: "one ",
      error: { resolved: undefined }
    })
  })

  test("a blocked answer: ours is an error with its reason; the other one's text is the half that came", async () => {
    const blocked = { text: "Half of", finishReason: "SAFETY" }
    emulator.enqueue(blocked)
    expect(await ours.excuse(gemini, "Hi")).toBe("Let us not.")
    emulator.clear()
    emulator.enqueue(blocked)
    expect(await theirs.excuse(ai, "Hi")).toBe("Half of")
  })

  test("an endpoint whose call is refused: ours answers with its status, and closes what nobody reads", async () => {
    emulator.addFault({ error: { code: 400, message: "no" }, when: { times: 1 } })
    expect((await ours.endpoint(gemini, post())).status).toBe(400)
    emulator.clear()
    emulator.enqueue({ chunks: Array.from({ length: 2_000 }, () => "word "), chunkDelay: 5 })
    await (await ours.endpoint(gemini, post())).body?.cancel()
    expect((await emulator.awaitClosed(1))[0]?.outcome).toBe("aborted")
  })
})
