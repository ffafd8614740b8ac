/** Conversations: what goes back to the model, and what a failed message leaves behind. */
import { describe, expect, test } from "vitest"
import { all, last, reasonOf, rejected, server } from "./server.ts"

const { emulator, make } = server()

const contentsOf = (index: number) => {
  const body = emulator().requests()[index]?.body
  return JSON.parse(JSON.stringify(body)).contents
}

test("the history goes along, with thought signatures", async () => {
  await using gemini = make()
  const chat = gemini.chat({ systemInstruction: "Be brief." })
  const signed = { role: "model", parts: [{ text: "One.", thoughtSignature: "c2ln" }] }
  emulator().enqueue({ response: { candidates: [{ content: signed, finishReason: "STOP" }] } }, "Two.")
  expect((await chat.send("First")).text).toBe("One.")
  expect((await chat.send([{ text: "Second" }])).text).toBe("Two.")
  expect(contentsOf(1)).toEqual([
    { role: "user", parts: [{ text: "First" }] },
    signed,
    { role: "user", parts: [{ text: "Second" }] }
  ])
  expect(emulator().requests()[1]?.body).toMatchObject({ systemInstruction: { parts: [{ text: "Be brief." }] } })
  expect(chat.history).toHaveLength(4)
})

test("a history that was stored goes on", async () => {
  await using gemini = make()
  const chat = gemini.chat()
  emulator().enqueue("One.", "Two.")
  await chat.send("First")
  const later = gemini.chat({ history: JSON.parse(JSON.stringify(chat.history)) })
  await later.send("Second")
  expect(contentsOf(1)).toHaveLength(3)
})

describe("streams", () => {
  test("a streamed answer is a turn, also for a reader who leaves at the last chunk", async () => {
    await using gemini = make()
    const chat = gemini.chat()
    emulator().enqueue({ chunks: ["One ", last("two.")] }, "Three.")
    for await (const chunk of chat.stream("Count")) if (chunk.finished) break
    await chat.send("Go on")
    const [, turn] = contentsOf(1)
    expect(turn.role).toBe("model")
    expect(turn.parts.map(({ text }: { readonly text: string }) => text).join("")).toBe("One two.")
  })

  test("a stream that was left, cut or aborted changes nothing", async () => {
    await using gemini = make({ retry: { attempts: 1 } })
    const chat = gemini.chat()
    emulator().enqueue({ chunks: ["One ", "two ", last("three")] })
    for await (const _ of chat.stream("Count")) break
    emulator().enqueue({ chunks: ["One ", "two ", last("three")], fault: { cut: { chunks: 1 } } })
    expect(reasonOf(await rejected(all(chat.stream("Count"))))).toBe("StreamInterrupted")
    emulator().enqueue({ error: { code: 503 } })
    expect(reasonOf(await rejected(chat.send("Count")))).toBe("Overloaded")
    expect(await rejected(chat.send("Count", { signal: AbortSignal.abort("no") }))).toBe("no")
    expect(chat.history).toEqual([])
    emulator().enqueue("One.")
    await chat.send("Count")
    expect(chat.history).toHaveLength(2)
  })
})

test("messages that are sent at once are asked one after the other", async () => {
  await using gemini = make()
  const chat = gemini.chat()
  emulator().enqueue("One.", { chunks: [last("Two.")] }, "Three.")
  const stream = all(chat.stream("B"))
  const [third] = [chat.send("C")]
  await Promise.all([stream, third])
  const sizes = emulator().requests().map((_, index) => contentsOf(index).length)
  expect(sizes).toEqual([1, 3])
  expect(chat.history).toHaveLength(4)
})

test("a message that waits for its turn can be aborted", async () => {
  await using gemini = make()
  const chat = gemini.chat()
  emulator().enqueue({ text: "late", delay: 3_600_000 })
  const first = new AbortController()
  const second = new AbortController()
  const calls = [
    rejected(chat.send("A", { signal: first.signal })),
    rejected(chat.send("B", { signal: second.signal }))
  ]
  await emulator().awaitRequests(1)
  second.abort("second")
  expect(await calls[1]).toBe("second")
  first.abort("first")
  expect(await calls[0]).toBe("first")
  expect(emulator().requests()).toHaveLength(1)
})

test("a fork goes its own way", async () => {
  await using gemini = make()
  const chat = gemini.chat()
  emulator().enqueue("One.", "Two.", "Other.")
  await chat.send("First")
  const fork = chat.fork()
  await chat.send("Second")
  await fork.send("Third")
  expect(chat.history).toHaveLength(4)
  expect(fork.history).toHaveLength(4)
  expect(contentsOf(2).map((content: { readonly parts: unknown }) => content.parts)).toEqual([
    [{ text: "First" }],
    expect.anything(),
    [{ text: "Third" }]
  ])
})

test("a chat with tools keeps the calls and their results", async () => {
  await using gemini = make()
  const chat = gemini.chat({ tools: { now: { description: "The time", execute: () => "12:00" } } })
  emulator().enqueue({ calls: [{ name: "now" }] }, "Noon.", "You asked for the time.")
  const answer = await chat.send("What time is it?")
  expect(answer.calls).toMatchObject([{ name: "now", result: "12:00" }])
  expect(chat.history).toHaveLength(4)
  await chat.send("What did I ask?")
  const contents = contentsOf(2)
  expect(contents).toHaveLength(5)
  expect(contents[1].parts[0].thoughtSignature).toMatch(/./)
  expect(contents[2].parts[0].functionResponse.name).toBe("now")
  expect(await rejected(chat.stream("And now?").next())).toMatchObject({
    message: expect.stringContaining("between whole answers")
  })
})
