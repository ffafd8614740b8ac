/** An interaction that is followed by processes which are killed -9 one after the other: the result is that of one. */
import { assert, describe, it } from "@effect/vitest"
import * as InteractionEvent from "effect-gemini/interactions/InteractionEvent"
import * as InteractionFold from "effect-gemini/interactions/InteractionFold"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { seedOf, sizeOf } from "../../../../scripts/proof.ts"
import * as Layers from "./interactionLayers.ts"

const kills = sizeOf("18.3", { test: 2, prove: 20 })
const seed = seedOf("18.3", 183)

const decode = Schema.decodeUnknownResult(Schema.Struct({ event: InteractionEvent.InteractionEvent }))

const runProcess = (...args: ReadonlyArray<string>) =>
  Effect.callback<NodeJS.Signals | number | null>((resume) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "followProcess.ts"), ...args], {
      stdio: ["ignore", "ignore", "inherit"]
    })
    child.on("exit", (code, signal) => resume(Effect.succeed(signal ?? code)))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const eventsIn = (file: string): ReadonlyArray<InteractionEvent.InteractionEvent> =>
  readFileSync(file, "utf8").trim().split("\n").map((line) => Result.getOrThrow(decode(JSON.parse(line))).event)

describe("a process that is killed while it follows", () => {
  it.live(
    `${kills} times is gone on with by the next one, and the interaction is made once`,
    () =>
      Layers.withEmulator(({ requests, url }) =>
        Effect.gen(function*() {
          const folder = mkdtempSync(join(tmpdir(), "follow-"))
          const file = join(folder, "events")
          let signals = 0
          for (let n = 0; n < kills; n++) {
            const killAt = 1 + Math.floor((yield* Random.next) * 4)
            if ((yield* runProcess(url, file, String(killAt))) === "SIGKILL") signals++
          }
          assert.strictEqual(yield* runProcess(url, file, "0"), 0)
          const interactions = yield* Layers.interactions
          const joined = InteractionFold.join(eventsIn(file))
          const whole = InteractionFold.join(yield* Stream.runCollect(interactions.events(joined.id ?? "")))
          rmSync(folder, { recursive: true })
          assert.strictEqual(signals, kills)
          assert.deepStrictEqual(joined, whole)
          assert.lengthOf(requests().filter(({ method }) => method === "POST"), 1)
        }).pipe(Random.withSeed(seed), Effect.provide(Layers.layer(url)))
      ),
    120_000
  )
})
