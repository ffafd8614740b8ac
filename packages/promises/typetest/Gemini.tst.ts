/** What the compiler and the hovers of an editor say about the plain door. */
import { type } from "arktype"
import { type Chat, type Chunks, type Gemini, type StreamChunk, tool, type ToolAnswer } from "effect-gemini-promises"
import type { Answer } from "effect-gemini/call/Answer"
import { Files, type KeptFile } from "effect-gemini/files/Files"
import { GeminiLive } from "effect-gemini/GeminiLive"
import type { LiveChunk } from "effect-gemini/live/LiveSession"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "tstyche"
import * as v from "valibot"
import { z } from "zod"

declare const gemini: Gemini

describe("calls", () => {
  it("promise answers and iterate chunks", () => {
    expect(gemini.generate("a")).type.toBe<Promise<Answer>>()
    expect(gemini.stream("a")).type.toBe<Chunks<StreamChunk>>()
    expect(gemini.chat()).type.toBe<Chat>()
    expect(gemini.effect(Effect.succeed(1))).type.toBe<Promise<number>>()
    expect(gemini.effect(Stream.range(1, 3))).type.toBe<Chunks<number>>()
  })

  it("refuse what cannot be meant", () => {
    expect(gemini.generate).type.not.toBeCallableWith({ contents: "a", temprature: 0 })
    expect(gemini.generate).type.not.toBeCallableWith("a", { singal: AbortSignal.abort() })
    expect(gemini.generate).type.not.toBeCallableWith()
  })
})

describe("objects", () => {
  it("have the type that their schema gives, of any library", () => {
    expect(
      gemini.object({ contents: "a", schema: z.object({ n: z.string().transform(Number) }) }).then((it) => it.value)
    )
      .type.toBe<Promise<{ n: number }>>()
    expect(gemini.object({ contents: "a", schema: v.object({ n: v.number() }) }).then((it) => it.value))
      .type.toBe<Promise<{ n: number }>>()
    expect(gemini.object({ contents: "a", schema: type({ n: "number" }) }).then((it) => it.value))
      .type.toBe<Promise<{ n: number }>>()
    expect(
      gemini.object({ contents: "a", schema: Schema.Struct({ n: Schema.FiniteFromString }) }).then((it) => it.value)
    )
      .type.toBe<Promise<{ readonly n: number }>>()
  })

  it("are whole in the last element of a stream alone", async () => {
    for await (const chunk of gemini.objectStream({ contents: "a", schema: z.object({ n: z.number() }) })) {
      if (chunk.finished) expect(chunk.value).type.toBe<{ n: number }>()
      else expect(chunk.value).type.toBe<{ readonly n?: number }>()
    }
  })
})

describe("tools", () => {
  it("infer the arguments of each from its schema", () => {
    const answer = gemini.generate({
      contents: "a",
      tools: {
        weather: {
          parameters: z.object({ city: z.string() }),
          execute: (args, { signal }) => {
            expect(args).type.toBe<{ city: string }>()
            expect(signal).type.toBe<AbortSignal>()
            return 1
          }
        },
        add: {
          parameters: Schema.Struct({ a: Schema.Finite }),
          execute: (args) => {
            expect(args).type.toBe<{ readonly a: number }>()
            return args.a
          }
        }
      }
    })
    expect(answer).type.toBe<Promise<ToolAnswer>>()
    expect(gemini.chat({ tools: { now: { execute: () => 1 } } })).type.toBe<Chat<ToolAnswer>>()
    tool({ parameters: type({ n: "number" }), execute: (args) => expect(args).type.toBe<{ n: number }>() })
  })
})

describe("with", () => {
  it("turns Effects into promises and Streams into async iterables", async () => {
    const files = await gemini.with(Files)
    expect(files.get("files/a")).type.toBe<Promise<KeptFile>>()
    expect(files.list()).type.toBe<Chunks<KeptFile>>()
    expect(files.uploadScoped("a")).type.toBe<Promise<KeptFile & AsyncDisposable>>()
    const live = await gemini.with(GeminiLive)
    await using session = await live.connect()
    expect(session.model).type.toBe<string>()
    expect(session.sendTextStream("a")).type.toBe<Chunks<LiveChunk>>()
    expect(session.sendText("a")).type.toBe<Promise<void>>()
    expect(session.status).type.toBeCallableWith()
  })
})
