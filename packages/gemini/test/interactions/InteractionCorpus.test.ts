/** Interactions that others recorded: they decode as they came, and join from random pieces to the unary form. */
import { assert, describe, it } from "@effect/vitest"
import * as Interaction from "effect-gemini/interactions/Interaction"
import * as InteractionEvent from "effect-gemini/interactions/InteractionEvent"
import * as InteractionFold from "effect-gemini/interactions/InteractionFold"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import * as Calls from "../../src/internal/interactions/interactionCalls.ts"
import { dice, eventsOf, framesOf } from "./streamed.ts"

const corpus = `${import.meta.dirname}/../../../../../shared/corpus/cases`
const here = existsSync(corpus)

interface Case {
  readonly name: string
  readonly isRecorded: boolean
  readonly body: unknown
  readonly sse: string | undefined
}

const cases: ReadonlyArray<Case> = (here ? readdirSync(corpus) : []).flatMap((source) =>
  readdirSync(`${corpus}/${source}`).flatMap((file) => {
    const text = readFileSync(`${corpus}/${source}/${file}`, "utf8")
    if (!text.includes("\"interactions.")) return []
    const { op, provenance, response } = JSON.parse(text)
    if (!String(op).startsWith("interactions.") || response.status !== 200) return []
    return [{
      name: `${source}/${file.slice(0, 60)}`,
      isRecorded: provenance === "recorded",
      body: response.body,
      sse: response.sse
    }]
  })
)

const call = { method: "interactions.create" }

describe.skipIf(!here)("recorded interactions (skipped where ../shared/corpus is not)", () => {
  it("are more than a dozen", () => {
    assert.isAtLeast(cases.length, 18)
  })

  for (const { body, name, sse } of cases) {
    if (body !== undefined) {
      it.effect(`${name} decodes as it came, and joins from random pieces to the same`, () =>
        Effect.gen(function*() {
          const decoded = Result.getOrThrow(Calls.decode(call, JSON.stringify(body)))
          assert.deepStrictEqual(JSON.parse(JSON.stringify(decoded)), body)
          for (let seed = 1; seed <= 25; seed++) {
            const roll = dice(seed)
            const { error, events } = yield* eventsOf(framesOf(decoded, roll), roll)
            assert.isUndefined(error)
            assert.deepStrictEqual(InteractionFold.join(events), decoded, `seed ${seed}`)
          }
        }))
    }
    if (sse !== undefined && !name.startsWith("derived/")) {
      it.effect(`${name} gives its events as they came, wherever it is cut`, () =>
        Effect.gen(function*() {
          const expected = sse.split(/\r?\n\r?\n/).flatMap((frame) => {
            const data = /^data: (\{.*)$/m.exec(frame)?.[1]
            return data === undefined ? [] : [JSON.parse(data)]
          })
          assert.isAbove(expected.length, 3)
          for (let seed = 1; seed <= 25; seed++) {
            const { error, events } = yield* eventsOf(sse, dice(seed))
            assert.isUndefined(error)
            assert.deepStrictEqual(events, expected)
          }
          const joined = InteractionFold.join(expected)
          assert.isTrue(InteractionEvent.isOver(joined.status))
          assert.notStrictEqual(Interaction.text(joined), "")
          assert.isAbove(Interaction.usage(joined)?.totalTokens ?? 0, 0)
        }))
    }
  }

  const derived = (part: string): string => {
    const found = cases.find(({ name }) => name.startsWith(`derived/${part}`))
    return found?.sse ?? assert.fail(`there is no case ${part}`)
  }

  it.effect("an error event comes, and then its reason", () =>
    Effect.gen(function*() {
      const { error, events } = yield* eventsOf(derived("interactions-error-event"), dice(1))
      assert.strictEqual(events.at(-1)?.event_type, "error")
      assert.deepStrictEqual([error?.reason._tag, error?.status], ["ServerError", 500])
    }))

  for (const kind of ["delta", "event", "step"]) {
    it.effect(`an unknown ${kind} is kept, and disturbs nothing`, () =>
      Effect.gen(function*() {
        const { error, events } = yield* eventsOf(derived(`interactions-unknown-${kind}`), dice(1))
        assert.isUndefined(error)
        const joined = InteractionFold.join(events)
        assert.isTrue(InteractionEvent.isOver(joined.status))
        assert.notStrictEqual(Interaction.text(joined), "")
      }))
  }

  it.effect("a stream without its last frame is whole, one without its last event is not", () =>
    Effect.gen(function*() {
      const text = derived("interactions-no-done")
      assert.isUndefined((yield* eventsOf(text, dice(1))).error)
      const cut = text.slice(0, text.indexOf("event: interaction.completed"))
      const { error, events } = yield* eventsOf(cut, dice(1))
      assert.strictEqual(error?.reason._tag, "StreamInterrupted")
      if (error?.reason._tag !== "StreamInterrupted") return
      assert.deepStrictEqual([error.reason.received.length, "dropped" in error.reason], [events.length, false])
      // Beyond a mebibyte the oldest are counted, and not kept.
      const delta = { event_type: "step.delta", index: 0, delta: { type: "text", text: "x".repeat(300_000) } }
      const long = `event: step.delta\ndata: ${JSON.stringify(delta)}\n\n`.repeat(5)
      const { reason } = (yield* eventsOf(long, dice(1))).error ?? assert.fail("it is whole")
      if (reason._tag !== "StreamInterrupted") return assert.fail(reason._tag)
      assert.strictEqual(reason.received.length + (reason.dropped ?? 0), 5)
      assert.isAbove(reason.dropped ?? 0, 0)
    }))

  it.effect("line ends of all kinds are read", () =>
    Effect.gen(function*() {
      const text = derived("sse-crlf--rig-interactions")
      const { error, events } = yield* eventsOf(text, dice(1))
      assert.isUndefined(error)
      assert.deepStrictEqual((yield* eventsOf(text.replaceAll("\r\n", "\r"), dice(2))).events, events)
    }))
})
