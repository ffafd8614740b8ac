import { assert, describe, it } from "@effect/vitest"
import * as LiveProtocol from "effect-gemini/live/LiveProtocol"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { isPlain } from "../../src/internal/live/plainMessage.ts"

const corpus = `${import.meta.dirname}/../../../../../shared/corpus`

interface Frame {
  readonly from: "client" | "server"
  readonly data: unknown
}

const recordings = (): ReadonlyArray<{ readonly id: string; readonly frames: ReadonlyArray<Frame> }> =>
  readdirSync(`${corpus}/cases`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(readFileSync(`${corpus}/cases/${file}`, "utf8")))
    .filter((recording) => recording.op === "live")
    .map((recording) => ({ id: recording.id, frames: recording.response.frames }))

const binary = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)

describe("LiveProtocol", () => {
  it.skipIf(!existsSync(corpus))(
    "every recorded server message decodes, from text and from binary, and is kept whole",
    () => {
      let count = 0
      for (const { frames, id } of recordings()) {
        for (const { data, from } of frames) {
          if (from !== "server") continue
          count++
          for (const frame of [JSON.stringify(data), binary(data)]) {
            const decoded = LiveProtocol.decode(frame)
            assert.isTrue(Result.isSuccess(decoded), `${id}: ${JSON.stringify(decoded)}`)
            if (Result.isSuccess(decoded)) assert.deepStrictEqual<unknown>(decoded.success, data)
          }
        }
      }
      assert.isAbove(count, 200)
    }
  )

  it("a message of several keys, unknown ones and enum values of tomorrow passes", () => {
    const message = {
      serverContent: { turnComplete: true, turnCompleteReason: "TOMORROW", novelty: { a: 1 } },
      usageMetadata: { promptTokenCount: "12", responseTokenCount: 3 },
      futureMessage: {}
    }
    assert.deepStrictEqual<unknown>(Result.getOrThrow(LiveProtocol.decode(JSON.stringify(message))), message)
  })

  it("a value that is not a message says where", () => {
    const path = (frame: string | Uint8Array) =>
      Result.match(LiveProtocol.decode(frame), { onFailure: ({ path }) => path, onSuccess: () => "decoded" })
    assert.strictEqual(
      path("{\"serverContent\": {\"modelTurn\": {\"parts\": [{\"text\": 7}]}}}"),
      "serverContent.modelTurn.parts[0].text"
    )
    assert.strictEqual(path("{"), "")
    assert.strictEqual(path("[]"), "")
    assert.strictEqual(path(new Uint8Array([0xff, 0xfe, 0x00])), "")
  })

  it("usage goes under HTTP's names, durations into milliseconds", () => {
    assert.deepStrictEqual(LiveProtocol.usageMetadata({ promptTokenCount: 1, responseTokenCount: 2 }), {
      promptTokenCount: 1,
      candidatesTokenCount: 2
    })
    assert.strictEqual(LiveProtocol.millis("1.25s"), 1250)
    assert.strictEqual(LiveProtocol.millis("soon"), undefined)
  })

  it("a message is told by its keys only if the schema takes it, whatever stands at any place of it", () => {
    const plain = {
      serverContent: {
        modelTurn: { role: "model", parts: [{ text: "a" }, { inlineData: { mimeType: "audio/pcm", data: "AA==" } }] },
        outputTranscription: { text: "a" },
        generationComplete: true,
        turnComplete: true
      },
      usageMetadata: { promptTokenCount: 1, responseTokenCount: 2, thoughtsTokenCount: 3, totalTokenCount: 6 }
    }
    assert.isTrue(isPlain(plain))
    const takes = Schema.is(LiveProtocol.ServerMessage)
    const strange = [null, true, 7, "7", [], [null], {}, { text: 1 }, { later: {} }, [{ thought: true }]]
    /** The value with each thing in it replaced by each strange one, and with each strange one beside it. */
    function* changed(value: unknown): Generator<unknown> {
      yield* strange
      if (Array.isArray(value)) {
        for (const [i, item] of value.entries()) for (const other of changed(item)) yield value.with(i, other)
      } else if (typeof value === "object" && value !== null) {
        for (const [key, item] of Object.entries(value)) {
          for (const other of changed(item)) yield { ...value, [key]: other }
        }
        for (const other of strange) yield { ...value, later: other }
      }
    }
    let [count, told] = [0, 0]
    for (const message of changed(plain)) {
      count++
      if (!isPlain(message)) continue
      told++
      assert.isTrue(takes(message), JSON.stringify(message))
    }
    assert.isAbove(count, 200)
    assert.isAbove(told, 10)
  })
})
