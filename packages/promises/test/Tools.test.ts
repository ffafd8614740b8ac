/** Tools in plain TypeScript: run on the loop of `effect-gemini-ai`, against an emulator over real sockets. */
import { toStandardJsonSchema } from "@valibot/to-json-schema"
import { type } from "arktype"
import { GeminiError, tool } from "effect-gemini-promises"
import * as Schema from "effect/Schema"
import * as v from "valibot"
import { describe, expect, test } from "vitest"
import { z } from "zod"
import { last, reasonOf, rejected, server } from "./server.ts"

const { emulator, make } = server()

const callOf = (name: string, args: Record<string, unknown>) => ({ calls: [{ name, args }] })

/** The bodies of the requests, as far as the tests look at them. */
const bodies = () => emulator().requests().map(({ body }) => JSON.parse(JSON.stringify(body)))

test("calls are run, and the model answers with their results", async () => {
  await using gemini = make()
  emulator().enqueue(callOf("weather", { city: "Oslo" }), "It is 21 degrees.")
  const asked: Array<string> = []
  const answer = await gemini.generate({
    contents: "How warm is it in Oslo?",
    systemInstruction: "Be brief.",
    generationConfig: { temperature: 0 },
    tools: {
      weather: {
        description: "The weather in a city",
        parameters: z.object({ city: z.string() }),
        execute: ({ city }, { callId, signal }) => {
          asked.push(city)
          expect(signal.aborted).toBe(false)
          expect(callId).not.toBe("")
          return { celsius: 21 }
        }
      }
    }
  })
  expect(asked).toEqual(["Oslo"])
  expect(answer.text).toBe("It is 21 degrees.")
  expect(answer).toMatchObject({ steps: 2, end: "answered" })
  expect(answer.calls).toMatchObject([{ name: "weather", args: { city: "Oslo" }, result: { celsius: 21 } }])
  const [first, second] = bodies()
  expect(first.contents).toEqual([{ role: "user", parts: [{ text: "How warm is it in Oslo?" }] }])
  expect(first.tools[0].functionDeclarations[0]).toMatchObject({
    name: "weather",
    description: "The weather in a city",
    parametersJsonSchema: { type: "object", properties: { city: { type: "string" } } }
  })
  expect(second.contents).toHaveLength(3)
  expect(second.contents[2].parts[0].functionResponse.response).toMatchObject({ celsius: 21 })
  expect(second).toMatchObject({ systemInstruction: first.systemInstruction, generationConfig: { temperature: 0 } })
  expect(answer.contents).toHaveLength(4)
})

test("thought signatures go back with the calls that they belong to", async () => {
  await using gemini = make()
  emulator().enqueue(callOf("now", {}), "Noon.")
  await gemini.generate({ contents: "What time is it?", tools: { now: { execute: () => "12:00" } } })
  const [, second] = bodies()
  expect(second.contents[1].parts[0].thoughtSignature).toMatch(/./)
})

describe("each library's schemas are told to Gemini and check what it says", () => {
  const tools = {
    zod: tool({ parameters: z.object({ n: z.number().transform((n) => n * 2) }), execute: ({ n }) => n }),
    valibot: tool({
      parameters: toStandardJsonSchema(v.object({ n: v.pipe(v.number(), v.integer()) })),
      execute: ({ n }) => n * 2
    }),
    arktype: tool({ parameters: type({ n: "number" }), execute: ({ n }) => n * 2 }),
    effect: tool({ parameters: Schema.Struct({ n: Schema.Int }), execute: ({ n }) => n * 2 })
  }
  for (const [library, doubled] of Object.entries(tools)) {
    test(library, async () => {
      await using gemini = make()
      emulator().enqueue(callOf("double", { n: 21 }), "42.")
      // The four differ in their schemas alone, which the union of their types cannot say.
      const answer = await gemini.generate({ contents: "Twice 21?", tools: { double: doubled as typeof tools.effect } })
      expect(answer.calls).toMatchObject([{ result: 42 }])
      const [first] = bodies()
      expect(first.tools[0].functionDeclarations[0].parametersJsonSchema.properties.n).toBeDefined()
    })
  }
})

test("arguments that do not fit are told to the model, and counted", async () => {
  await using gemini = make()
  const wrong = { ...callOf("weather", { city: 5 }), invalid: true }
  emulator().enqueue(wrong, callOf("weather", { city: "Oslo" }), "Fine.")
  const tools = { weather: { parameters: z.object({ city: z.string() }), execute: () => "sunny" } }
  const answer = await gemini.generate({ contents: "The weather?", tools })
  expect(answer.calls).toHaveLength(2)
  expect(answer.calls[0]).toMatchObject({ args: { city: 5 }, error: expect.stringContaining("city") })
  expect(answer.calls[1]).toMatchObject({ result: "sunny" })
  emulator().enqueue(wrong, wrong, "Fine.")
  expect((await gemini.generate({ contents: "The weather?", tools, mistakes: 1 })).end).toBe("mistakes")
})

test("what a tool throws is told to the model, and kept", async () => {
  await using gemini = make()
  emulator().enqueue(callOf("open", {}), "I cannot open it.")
  const thrown = new Error("the door is locked")
  const answer = await gemini.generate({
    contents: "Open the door",
    tools: {
      open: {
        execute: () => {
          throw thrown
        }
      }
    }
  })
  expect(answer.calls[0]?.error).toBe(thrown)
  expect(JSON.stringify(bodies()[1].contents[2])).toContain("the door is locked")
})

test("the steps are bounded", async () => {
  await using gemini = make()
  emulator().enqueue(callOf("again", {}), callOf("again", {}), "never said")
  const answer = await gemini.generate({ contents: "Go on", steps: 2, tools: { again: { execute: () => "done" } } })
  expect(answer).toMatchObject({ steps: 2, end: "steps" })
})

test("an error of the wire is the GeminiError itself", async () => {
  await using gemini = make({ retry: { attempts: 1 } })
  const tools = { now: { execute: () => "noon" } }
  emulator().enqueue(callOf("now", {}), { error: { code: 503 } })
  const error = await rejected(gemini.generate({ contents: "What time is it?", tools }))
  expect(error).toBeInstanceOf(GeminiError)
  expect(reasonOf(error)).toBe("Overloaded")
  emulator().enqueue({ text: "half", finishReason: "SAFETY" })
  expect(reasonOf(await rejected(gemini.generate({ contents: "What time is it?", tools })))).toBe("ResponseBlocked")
})

test("aborting ends the tool that runs, too", async () => {
  await using gemini = make()
  emulator().enqueue(callOf("wait", {}))
  const controller = new AbortController()
  let ended = false
  const call = gemini.generate({
    contents: "Wait",
    tools: {
      wait: {
        execute: (_, { signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
              ended = true
              reject(new Error("ended"))
            })
            controller.abort("enough")
          })
      }
    }
  }, { signal: controller.signal })
  expect(await rejected(call)).toBe("enough")
  expect(ended).toBe(true)
})

test("a tool that is none is refused before anything is sent, and named", async () => {
  await using gemini = make()
  const messageOf = async (tools: unknown) => {
    const error = await rejected(Reflect.apply(gemini.generate, gemini, [{ contents: "Hello", tools }]))
    return error instanceof GeminiError ? error.message : error
  }
  expect(await messageOf({ now: {} })).toMatch(/tools\.now: expected \{ description, parameters, execute \}/)
  expect(await messageOf({ now: { execute: () => 1, parameters: {} } })).toMatch(
    /tools\.now\.parameters: expected a Standard Schema/
  )
  expect(await messageOf({ now: { execute: () => 1, parameters: v.object({}) } })).toMatch(
    /toStandardJsonSchema\(…\) of @valibot\/to-json-schema/
  )
  expect(emulator().requests()).toHaveLength(0)
})

test("a stream refuses tools, which are run between whole answers", async () => {
  await using gemini = make()
  emulator().enqueue({ chunks: [last("no")] })
  const request = { contents: "Hello", tools: { now: { execute: () => 1 } } }
  const error = await rejected(Reflect.apply(gemini.stream, gemini, [request]).next())
  expect(error).toMatchObject({ message: expect.stringContaining("between whole answers") })
})
