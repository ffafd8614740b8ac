import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Audio from "effect-gemini/live/Audio"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Chromium from "./chromium.ts"

const server = `${import.meta.dirname}/../../../examples/src/voice/server.ts`

/** A folder for what the browser's microphone hears: 0.4 s of a tone, then 1.6 s of silence, again and again. */
const hearing = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "gemini-voice-"))
    const samples = Int16Array.from(
      { length: 96_000 },
      (_, i) => i < 19_200 ? Math.round(12_000 * Math.sin(i / 20)) : 0
    )
    writeFileSync(join(folder, "speech.wav"), Audio.toWav({ samples, sampleRate: 48_000 }))
    return folder
  }),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** The example's server as a user would start it; gives where it listens. */
const serving = (baseUrl: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => {
        const child = spawn(process.execPath, [server], {
          env: { ...process.env, NODE_OPTIONS: "", PORT: "0", GEMINI_API_KEY: "the-key", GEMINI_BASE_URL: baseUrl },
          stdio: ["ignore", "pipe", "pipe"]
        })
        let said = ""
        return new Promise<{ readonly url: string; readonly end: () => Promise<void> }>((resolve, reject) => {
          const hear = (piece: Buffer) => {
            said += piece.toString()
            const [url] = /http:\/\/\S+/.exec(said) ?? []
            if (url === undefined) return
            const end = () =>
              new Promise<void>((resolve) => {
                child.once("exit", () => resolve())
                child.kill("SIGTERM")
              })
            resolve({ url, end })
          }
          child.stdout.on("data", hear)
          child.stderr.on("data", hear)
          child.once("exit", () => reject(new Error(`the server ended: ${said}`)))
        })
      }),
      ({ end }) => Effect.promise(end)
    ),
    ({ url }) => url.replace("0.0.0.0", "127.0.0.1")
  )

/** What the user says from now on, each time that the tone is heard. */
let saying = ""

describe("the voice example", () => {
  if (!Chromium.isInstalled) {
    it.skip(`${Chromium.skipReason}: nobody talked to the page`, () => undefined)
    return
  }

  it.live(
    "a conversation in a browser: heard, spoken, interrupted, a function, a connection that drops",
    () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const folder = yield* hearing
        const url = yield* serving(emulator.url)
        assert.strictEqual((yield* Effect.promise(() => fetch(`${url}/token`, { method: "POST" }))).status, 403)

        const page = yield* Chromium.drive(url, join(folder, "speech.wav"), 170)
        const lines = (who: string) =>
          `[...document.querySelectorAll("li.${who}")].map((li) => li.textContent).join("|")`
        saying = "emulator:say good morning to you"
        yield* page.until(`document.readyState === "complete" && document.querySelector("#start") !== null`)
        yield* page.evaluate(`document.querySelector("#start").click()`)
        yield* page.until(`document.querySelector("#status").textContent === "listening"`)
        yield* page.until(`${lines("you")}.includes("good morning")`)
        yield* page.until(`${lines("model")}.includes("good morning to you")`)
        yield* page.until(`parseFloat(document.querySelector("#voice").textContent) > 0.4`)

        // Twenty seconds of speech, most of which waits to be heard when the next tone cuts it.
        saying = "emulator:words 200"
        yield* page.until(`/[1-9] interruption/.test(document.querySelector("#voice").textContent)`)
        saying = "emulator:say stop"
        yield* page.until(`${lines("model")}.includes("stop")`)
        // What was dropped is not heard later.
        yield* page.until(`document.querySelector("#voice").dataset.playing === "false"`)
        yield* page.until(`document.querySelector("li.model.cut") !== null`)

        saying = "emulator:call lamp {\"on\":true}"
        yield* page.until(`document.querySelector("#lamp").classList.contains("on")`)
        yield* page.until(`${lines("model")}.includes("the lamp is on")`)

        saying = "emulator:recall"
        yield* emulator.live.drop
        yield* emulator.live.awaitLog((entries) => entries.some(({ resumed }) => resumed))
        yield* page.until(`document.querySelector("#status").textContent === "listening"`)
        yield* page.until(`${lines("model")}.includes("emulator:say good morning to you | ")`)
        if (process.env["SCREENSHOT"] !== undefined) {
          writeFileSync(process.env["SCREENSHOT"], yield* page.screenshot)
        }

        yield* page.evaluate(`document.querySelector("#start").click()`)
        yield* page.until(`document.querySelector("#status").textContent === "off"`)
        const [first, second] = yield* emulator.live.awaitClosed(2)
        assert.deepStrictEqual(
          [first?.apiMethod, second?.apiMethod, second?.code],
          ["bidiGenerateContentConstrained", "bidiGenerateContentConstrained", 1000]
        )
        // One token was enough: resuming is not counted.
        const tokens = (yield* emulator.requests).filter(({ apiMethod }) => apiMethod === "auth_tokens.create")
        assert.strictEqual(tokens.length, 1)
      }).pipe(
        Effect.scoped,
        Effect.provide(Emulator.layerServer({ live: { chunkDelay: 20, transcribe: () => saying } }))
      ),
    180_000
  )
})
