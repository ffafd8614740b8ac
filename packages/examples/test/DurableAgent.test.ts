/** The agent inside a workflow, whose process dies in the middle of a call. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import { Settle, SettleLive, tools } from "effect-gemini-examples/DurableAgent"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "settle-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

describe("the agent inside a workflow", () => {
  it.live("goes on by itself when its Activity is delivered again", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const emulator = yield* Emulator.Emulator
      const found: Array<string> = []
      const keys: Array<string | undefined> = []
      const paying = yield* Deferred.make<void>()

      /** A process: its engine knows nothing of former ones, and the journal is on disk. */
      const process_ = (refunded: Effect.Effect<string>) => {
        const handlers = tools.toLayer({
          find_order: ({ order }) => Effect.as(Effect.sync(() => void found.push(order)), 4_200),
          refund: () =>
            Effect.flatMap(ToolPolicy.CurrentCall, (call) => {
              keys.push(call?.key)
              return refunded
            })
        })
        const model = GeminiLanguageModel.layer({ model: "gemini-3.8-flash" }).pipe(
          Layer.provide(GeminiClient.layer({ apiKey: Redacted.make("key"), tier: "tier3" }))
        )
        return Settle.execute({ order: "A-17", complaint: "It came broken." }).pipe(
          Effect.provide(
            SettleLive.pipe(
              Layer.provideMerge(Layer.fresh(WorkflowEngine.layerMemory)),
              Layer.provide([
                handlers,
                model,
                Layer.provide(FileJournal.layer({ directory }), NodeFileSystem.layer)
              ])
            ),
            { local: true }
          )
        )
      }

      const first = yield* Effect.forkChild(
        process_(Effect.andThen(Deferred.succeed(paying, undefined), Effect.never))
      )
      yield* Deferred.await(paying)
      yield* Fiber.interrupt(first)

      assert.strictEqual(yield* process_(Effect.succeed("paid")), "You have 4200 cents back.")
      assert.deepStrictEqual(found, ["A-17"])
      assert.lengthOf(keys, 2)
      assert.strictEqual(keys[0], keys[1])
      assert.lengthOf(yield* emulator.requests, 3)
    }).pipe(Effect.provide(Emulator.layerHttpClient({
      strictSignatures: true,
      rules: [{
        plan: [
          { call: "find_order", args: { order: "{{ text | before ':' }}" } },
          { call: "refund", args: { order: "{{ call.find_order.order }}", cents: "{{ result.find_order }}" } },
          { say: "You have {{ call.refund.cents }} cents back." }
        ]
      }]
    }))))
})
