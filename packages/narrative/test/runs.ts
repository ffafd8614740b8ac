/** Narratives and places of runs that the tests share. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as FileRuns from "effect-gemini-narrative/FileRuns"
import * as Runs from "effect-gemini-narrative/Runs"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A folder of the test's own. */
export const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "runs-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

export const filesIn = (directory: string): Layer.Layer<Runs.Runs> =>
  Layer.provide(FileRuns.layer({ directory }), NodeFileSystem.layer)

/** Runs in files of a folder that goes with the layer. */
export const files: Layer.Layer<Runs.Runs> = Layer.unwrap(
  Effect.map(folder, (path) => filesIn(join(path, "runs")))
)

/** The client on an emulator in memory. */
export const gemini = (
  options: Emulator.Options = {}
): Layer.Layer<Emulator.Emulator | GeminiClient.GeminiClient> =>
  GeminiClient.layer({ apiKey: Redacted.make("test-key"), tier: "tier3" }).pipe(
    Layer.provideMerge(Emulator.layerHttpClient(options))
  )

/** A chain of acts, each of which uses the one before. */
export const chain = (count: number, prompt: (n: number) => string = (n) => `Say ${n}`): string =>
  Array.from(
    { length: count },
    (_, n) => `[[acts]]\nname = "act${n}"\nprompt = "${prompt(n)}${n === 0 ? "" : ` after {{act${n - 1}}}`}"\n`
  ).join("\n")

/** Acts beside each other, and a last one that uses them all. */
export const fan = (count: number): string =>
  `${
    Array.from({ length: count }, (_, n) => `[[acts]]\nname = "act${n}"\nprompt = "Say ${n}"\n`).join("\n")
  }\n[[acts]]\nname = "last"\nprompt = "Join ${Array.from({ length: count }, (_, n) => `{{act${n}}}`).join(" ")}"\n`

/** Lets virtual time pass until the effect has ended. */
export const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
    return yield* Fiber.join(fiber)
  })

/** Prompts as the emulator received them, the last part of each. */
export const prompts = Effect.map(
  Emulator.Emulator.use((emulator) => emulator.requests),
  (requests) =>
    requests.map(({ body }) => {
      const contents: unknown = Reflect.get(Object(body), "contents")
      const parts: unknown = Array.isArray(contents) ? Reflect.get(Object(contents[0]), "parts") : []
      return Array.isArray(parts) ? String(Reflect.get(Object(parts.at(-1)), "text")) : ""
    })
)
