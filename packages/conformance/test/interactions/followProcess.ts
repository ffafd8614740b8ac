/**
 * A client in a process of its own: `URL FILE KILL`. It follows an interaction, begins it or goes on with what lies in
 * FILE, and writes each event there with its handle, one line each. It dies by kill -9 right after KILL lines of its own.
 */
import * as InteractionHandle from "effect-gemini/interactions/InteractionHandle"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { appendFileSync, existsSync, readFileSync } from "node:fs"
import * as Layers from "./interactionLayers.ts"

const [url = "", file = "", killAt = "0"] = process.argv.slice(2)

const kept = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []

const program = Effect.gen(function*() {
  const interactions = yield* Layers.interactions
  const last: unknown = kept.length === 0 ? undefined : JSON.parse(kept.at(-1) ?? "{}").handle
  const events = last === undefined
    ? interactions.follow({ model: "gemini-3.8-flash", input: "emulator:words 400", background: true })
    : interactions.follow(yield* Schema.decodeUnknownEffect(InteractionHandle.InteractionHandle)(last))
  let written = 0
  yield* Stream.runForEach(events, (followed) =>
    Effect.sync(() => {
      appendFileSync(file, `${JSON.stringify(followed)}\n`)
      written++
      if (written === Number(killAt)) process.kill(process.pid, "SIGKILL")
    }))
})

await Effect.runPromise(Effect.provide(program, Layers.layer(url)))
