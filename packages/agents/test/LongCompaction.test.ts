/** A history that grows for a thousand steps, and what is sent of it. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Scripted from "./scripted.ts"

const above = 32_000

const toolkit = Toolkit.make(
  Tool.make("look", { description: "Looks", parameters: Schema.Struct({ n: Schema.Int }), success: Schema.String })
    .annotate(Tool.Readonly, true)
)
const handlers = toolkit.toLayer({ look: ({ n }) => Effect.succeed(`${n} ${"word ".repeat(160)}`) })

const listed = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []
const at = (value: unknown, key: string): unknown => Reflect.get(Object(value), key)
const partsOf = (content: unknown) => listed(at(content, "parts"))

/** About the tokens that a model would count: four letters each. */
const sizeOf = (body: unknown): number => Math.ceil(JSON.stringify(at(body, "contents")).length / 4)

describe("compaction", () => {
  it.effect(
    "keeps 1,000 steps below the bound, with few changes of the prefix, and each call with its response",
    () =>
      Effect.gen(function*() {
        const steps = 1_000
        let asked = 0
        let most = 0
        let changes = 0
        let grown = 0
        let before: ReadonlyArray<string> = []
        const model: Emulator.Options["answers"] = ({ body }) => {
          asked++
          const size = sizeOf(body)
          most = Math.max(most, size)
          const contents = listed(at(body, "contents"))
          const texts = contents.map((content) => JSON.stringify(content))
          // The prefix is what was sent before: only where it changes, a cache is of no use.
          if (before.some((text, i) => texts[i] !== text)) changes++
          else grown += texts.slice(before.length).join("").length / 4
          before = texts
          assert.strictEqual(JSON.stringify(contents[0]).includes("the task"), true)
          const calls = contents.flatMap(partsOf).filter((part) => at(part, "functionCall") !== undefined)
          const responses = contents.flatMap(partsOf).filter((part) => at(part, "functionResponse") !== undefined)
          assert.strictEqual(calls.length, responses.length)
          for (const part of calls) assert.isString(at(part, "thoughtSignature"))
          const parts = asked <= steps
            ? [{ functionCall: { name: "look", args: { n: asked } }, thoughtSignature: "c2lnbmVk" }]
            : [{ text: "done" }]
          return {
            response: {
              candidates: [{ content: { role: "model", parts }, finishReason: "STOP", index: 0 }],
              usageMetadata: { promptTokenCount: size, candidatesTokenCount: 5, totalTokenCount: size + 5 },
              modelVersion: "gemini-3.8-flash"
            }
          }
        }
        const agent = Agent.make({
          name: "clerk",
          instructions: "Look often.",
          toolkit,
          bounds: { steps: steps + 1 },
          compaction: { above, summarize: (messages) => Effect.succeed(`${messages.length} messages`) }
        })
        // The quota of a minute is less than a thousand such questions.
        const minutes = Effect.andThen(TestClock.adjust("1 minute"), TestClock.withLive(Effect.sleep(1)))
        const driver = yield* Effect.forkChild(Effect.forever(minutes))
        const { records, text } = yield* Effect.provide(Agent.run(agent, "the task"), [handlers, Scripted.over(model)])
        yield* Fiber.interrupt(driver)
        assert.strictEqual(text, "done")
        assert.isBelow(most, above)
        assert.isAbove(changes, 5)
        assert.isAtMost(changes, Math.ceil(grown / 12_800))
        // Nothing is lost of the records.
        assert.lengthOf(records.filter(({ _tag }) => _tag === "CallEnded"), steps)
        process.stdout.write(
          `\n23.5 ${steps} steps: ${most} tokens at most, ${changes} changes in ${Math.round(grown)} tokens\n`
        )
      }),
    120_000
  )
})
