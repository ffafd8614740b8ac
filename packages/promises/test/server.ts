/** What the tests of this package share: an emulator over real sockets, and how failures are looked at. */
import * as Emulator from "effect-gemini-emulator/Standalone"
import { Gemini, GeminiError, type GeminiOptions } from "effect-gemini-promises"
import { afterAll, beforeAll, beforeEach } from "vitest"

/** An emulator for the tests of a file, empty before each of them. */
export const server = () => {
  let started: Awaited<ReturnType<typeof Emulator.start>> | undefined
  const emulator = (): Emulator.Standalone => {
    if (started === undefined) throw new Error("the emulator has not been started")
    return started
  }
  beforeAll(async () => {
    started = await Emulator.start()
  })
  afterAll(() => started?.stop())
  beforeEach(() => emulator().clear())
  return {
    emulator,
    make: (options: GeminiOptions = {}) =>
      new Gemini({ apiKey: "test-key", baseUrl: emulator().url, tier: "tier3", ...options })
  }
}

export const rejected = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error("it was expected to fail")
}

export const reasonOf = (error: unknown): string => error instanceof GeminiError ? error.reason._tag : String(error)

export const all = async <A>(items: AsyncIterable<A>): Promise<Array<A>> => {
  const out: Array<A> = []
  for await (const item of items) out.push(item)
  return out
}

/** The last event of a stream. */
export const last = (text: string) => ({
  candidates: [{ content: { role: "model", parts: [{ text }] }, finishReason: "STOP" }]
})
