/** Properties of the kernels: chunkings, streamed arguments, names. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiTool from "effect-gemini-ai/GeminiTool"
import * as ToolName from "effect-gemini-ai/ToolName"
import type * as Part from "effect-gemini/wire/Part"
import * as Prompt from "effect/ai/Prompt"
import * as Response from "effect/ai/Response"
import * as AiTool from "effect/ai/Tool"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { existsSync, readFileSync } from "node:fs"
import { promptToContents } from "../src/internal/promptToContents.ts"
import { responseToParts } from "../src/internal/responseToParts.ts"
import { StreamFold } from "../src/internal/StreamFold.ts"
import * as ToolIndex from "../src/internal/toolIndex.ts"

const tools = ToolIndex.make([
  AiTool.dynamic("weather", { parameters: { type: "object" } }),
  GeminiTool.CodeExecution({})
])

/** A generator of numbers below n, the same for every seed. */
const dice = (seed: number) => {
  let state = seed
  return (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state % n
  }
}

const context = () => {
  let count = 0
  return { tools, nextId: () => `id${count++}`, taken: new Set<string>() }
}

const randomParts = (pick: (n: number) => number): Array<Part.Part> =>
  Array.from({ length: 1 + pick(8) }, (_, i): Part.Part => {
    const signature = pick(3) === 0 ? { thoughtSignature: `c2ln${i}` } : {}
    switch (pick(7)) {
      case 0:
        return { text: `thought ${i} `, thought: true, ...signature }
      case 1:
        return { functionCall: { name: "weather", args: { city: `c${i}` } }, ...signature }
      case 2:
        return { inlineData: { mimeType: "image/png", data: "AQID" }, ...signature }
      case 3:
        return { executableCode: { language: "PYTHON", code: `print(${i})` }, ...signature }
      case 4:
        return { text: "", thoughtSignature: `ZW1wdHk${i}` }
      default:
        return { text: `text ${i} with some words `, ...signature }
    }
  })

/** Plain text in pieces, and the parts spread over chunks as chance has it. */
const cut = (parts: ReadonlyArray<Part.Part>, pick: (n: number) => number): ReadonlyArray<ReadonlyArray<Part.Part>> => {
  const out: Array<Array<Part.Part>> = [[]]
  for (const part of parts) {
    const pieces: Array<Part.Part> = []
    const isPlain = typeof part.text === "string" && part.thoughtSignature === undefined
    if (isPlain) {
      let rest = part.text ?? ""
      while (rest.length > 0) {
        const size = 1 + pick(rest.length)
        pieces.push({ ...part, text: rest.slice(0, size) })
        rest = rest.slice(size)
      }
    } else pieces.push(part)
    for (const piece of pieces) {
      if (pick(2) === 0) out.push([])
      out.at(-1)?.push(piece)
    }
  }
  return out
}

const chunk = (parts: ReadonlyArray<Part.Part>) => ({
  candidates: [{ content: { role: "model", parts } }],
  responseId: "r"
})

const decode = Schema.decodeUnknownSync(Schema.Array(Response.AllParts()))

/** The parts of a stream as a chat remembers them, and as they are sent back. */
const sentBack = (chunks: ReadonlyArray<ReadonlyArray<Part.Part>>) => {
  const fold = new StreamFold(context())
  const out: Array<Response.StreamPartEncoded> = []
  for (const parts of chunks) fold.push(chunk(parts), out)
  fold.end(out, "STOP")
  const prompt = Prompt.fromResponseParts(decode(out))
  return promptToContents(prompt, tools).placed.flatMap(({ content }) =>
    content.role === "model" ? content.parts ?? [] : []
  )
}

const joined = (parts: ReadonlyArray<Part.Part>): ReadonlyArray<Part.Part> => {
  const out: Array<Part.Part> = []
  const isPlain = (part: Part.Part | undefined) => typeof part?.text === "string" && part.thoughtSignature === undefined
  for (const part of parts) {
    const last = out.at(-1)
    if (last !== undefined && isPlain(last) && isPlain(part) && last.thought === part.thought) {
      out[out.length - 1] = { ...last, text: `${last.text}${part.text}` }
    } else out.push(part)
  }
  return out
}

describe("a stream", () => {
  it("gives the same parts however it is cut, and they go back as they came (2,000 streams)", () => {
    for (let seed = 0; seed < 2000; seed++) {
      const pick = dice(seed)
      const parts = randomParts(pick)
      assert.deepStrictEqual(sentBack(cut(parts, pick)), joined(parts), `seed ${seed}`)
    }
  })

  it("gives what the whole answer gives, texts joined", () => {
    for (let seed = 0; seed < 500; seed++) {
      const pick = dice(seed)
      const parts = randomParts(pick)
      const prompt = Prompt.fromResponseParts(decode(responseToParts(chunk(parts), context())))
      const unary = promptToContents(prompt, tools).placed.flatMap(({ content }) =>
        content.role === "model" ? content.parts ?? [] : []
      )
      assert.deepStrictEqual(unary, parts, `seed ${seed}`)
      assert.deepStrictEqual(joined(unary), sentBack([parts]))
    }
  })

  it("puts streamed arguments together, and shows them as they grow", () => {
    const fold = new StreamFold(context())
    const out: Array<Response.StreamPartEncoded> = []
    const piece = (functionCall: Part.FunctionCall, thoughtSignature?: string) =>
      fold.push(chunk([{ functionCall, ...(thoughtSignature === undefined ? {} : { thoughtSignature }) }]), out)
    piece({ name: "weather", willContinue: true }, "c2ln")
    piece({ partialArgs: [{ jsonPath: "$.city", stringValue: "New ", willContinue: true }], willContinue: true })
    piece({ partialArgs: [{ jsonPath: "$.city", stringValue: "York" }], willContinue: true })
    piece({ partialArgs: [{ jsonPath: "$.days[0].n", numberValue: 3 }], willContinue: true })
    piece({ partialArgs: [{ jsonPath: "$.days[0].rain", boolValue: true }], willContinue: true })
    piece({})
    fold.end(out, "STOP")
    const args = { city: "New York", days: [{ n: 3, rain: true }] }
    const deltas = out.flatMap((part) => part.type === "tool-params-delta" ? [part.delta] : [])
    assert.strictEqual(deltas.join(""), JSON.stringify(args))
    assert.isAbove(deltas.length, 3)
    const call = out.find((part) => part.type === "tool-call")
    assert.deepStrictEqual(call?.params, args)
    assert.deepStrictEqual(call?.metadata?.google?.part, {
      functionCall: { name: "weather", args },
      thoughtSignature: "c2ln"
    })
  })

  const folder = new URL("../../../../shared/corpus/", import.meta.url)
  if (!existsSync(folder)) it.skip("../shared/corpus is not there: no recorded pieces were read", () => undefined)
  else {it("reads recorded pieces of arguments", () => {
      const index: ReadonlyArray<{ readonly file: string; readonly tags?: ReadonlyArray<string> }> = JSON.parse(
        readFileSync(new URL("index.json", folder), "utf8")
      )
      const cases = index.filter(({ tags }) => tags?.includes("partial-args"))
      assert.isAbove(cases.length, 0)
      for (const { file } of cases) {
        const { response } = JSON.parse(readFileSync(new URL(file, folder), "utf8"))
        const fold = new StreamFold(context())
        const out: Array<Response.StreamPartEncoded> = []
        for (const line of String(response.sse).split(/\r?\n/)) {
          if (line.startsWith("data: {")) fold.push(JSON.parse(line.slice(6)), out)
        }
        fold.end(out)
        const calls = out.flatMap((part) => part.type === "tool-call" ? [part] : [])
        assert.isAbove(calls.length, 0, file)
        for (const call of calls) {
          const text = out.flatMap((part) =>
            part.type === "tool-params-delta" && part.id === call.id ? [part.delta] : []
          ).join("")
          assert.deepStrictEqual(JSON.parse(text), call.params, file)
        }
        assert.isDefined(calls[0]?.metadata?.google?.thoughtSignature)
      }
    })}
})

describe("tool names", () => {
  it.effect("10,000 map injectively to what Gemini takes, and back", () =>
    Effect.sync(() => {
      const pick = dice(7)
      const alphabet = "abcXYZ019_-./: äß漢😀\"'$[]{}"
      const names = new Set<string>()
      while (names.size < 10_000) {
        // Many differ only far behind the 64th character, or in characters that are not taken.
        const tail = Array.from({ length: 1 + pick(6) }, () => alphabet[pick(alphabet.length)]).join("")
        names.add(pick(2) === 0 ? tail : `${"server/a long name of a tool ".repeat(1 + pick(6))}${tail}`)
      }
      const mapped = ToolName.make(names)
      const wires = new Set<string>()
      for (const name of names) {
        const wire = mapped.toWire(name)
        assert.match(wire, /^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/)
        assert.strictEqual(mapped.fromWire(wire), name)
        wires.add(wire)
      }
      assert.strictEqual(wires.size, names.size)
    }))

  it("a name that is taken stays, and a mapping is the same every time", () => {
    const first = ToolName.make(["weather", "a b"])
    assert.strictEqual(first.toWire("weather"), "weather")
    assert.strictEqual(first.toWire("a b"), ToolName.make(["a b", "other"]).toWire("a b"))
    // A tool that has the very name that another's would become.
    const clash = ToolName.make([first.toWire("a b"), "a b"])
    assert.notStrictEqual(clash.toWire("a b"), first.toWire("a b"))
    assert.strictEqual(clash.fromWire(clash.toWire("a b")), "a b")
  })
})
