/** What a person does on the emulator's page, by keyboard alone, and its other views. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import * as Snippet from "../../../emulator/page/snippet.ts"
import * as Chromium from "../live/chromium.ts"
import { ask, chosen, dark, findings, open, press, tabTo, typeOver } from "./pageDriver.ts"

const run = promisify(execFile)

const act = (title: string) => `[...document.querySelectorAll(".act")].find((each) => each.textContent === "${title}")`

/** Opens what can be made of a call, by Tab and Enter. */
const unfold = Effect.fnUntraced(function*(page: Chromium.Driven, title: string) {
  yield* page.until(`${act(title)} !== undefined`)
  yield* page.evaluate(`${act(title)}.setAttribute("data-sought", "")`)
  yield* tabTo(page, "[data-sought]")
  yield* press(page, "Enter")
})

describe.skipIf(!Chromium.isInstalled)("on the page in Chromium", () => {
  it.live(
    "by keyboard alone a call is found, sent again edited, and made a rule that answers",
    () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* Effect.forEach(["One", "Two", "Three of them"], (text) => ask(emulator.url, text))
        const page = yield* open(emulator.url)
        yield* page.until("document.querySelector('.list [role=status]').textContent === '3 calls'")
        yield* tabTo(page, "#find")
        yield* page.command("Input.insertText", { text: "three" })
        yield* tabTo(page, "[role=grid]")
        yield* press(page, "ArrowDown")
        yield* page.until(chosen(2))
        yield* unfold(page, "Send again, edited")
        yield* tabTo(page, ".resend textarea")
        yield* typeOver(page, JSON.stringify({ contents: [{ role: "user", parts: [{ text: "Four, edited" }] }] }))
        yield* tabTo(page, ".resend button")
        yield* press(page, "Enter")
        yield* page.until(chosen(3))
        assert.deepStrictEqual((yield* emulator.requests)[3]?.body, {
          contents: [{ role: "user", parts: [{ text: "Four, edited" }] }]
        })
        // The form is gone, and the keyboard is at the new call.
        assert.strictEqual(yield* page.evaluate("document.activeElement.tagName"), "H2")
        yield* unfold(page, "Make a rule of it")
        yield* tabTo(page, ".make-rule textarea")
        assert.include(String(yield* page.evaluate("document.activeElement.value")), "Four, edited")
        yield* typeOver(page, JSON.stringify({ name: "by hand", when: { text: "Five" }, reply: "Typed by hand." }))
        yield* tabTo(page, ".make-rule button")
        yield* press(page, "Enter")
        yield* page.until("document.querySelector('.make-rule [role=status]').textContent.includes('in force')")
        assert.include(yield* ask(emulator.url, "Five"), "Typed by hand.")
        // A mistake is told where it is made.
        yield* page.evaluate("document.querySelector('.make-rule textarea').focus()")
        yield* typeOver(page, JSON.stringify({ name: "wrong", when: { txt: "Five" }, reply: "x" }))
        yield* tabTo(page, ".make-rule button")
        yield* press(page, "Enter")
        yield* page.until("document.querySelector('.make-rule [role=status]').textContent.includes('txt')")
        assert.deepStrictEqual(yield* page.evaluate("reports"), [])
      }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())),
    90_000
  )

  it.live(
    "Live frames, rules with their near misses, clock and counts are shown, without findings of axe-core",
    () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.setRules([{ name: "snow", when: { text: { contains: "snow" } }, reply: "Snow." }], "refuse")
        yield* ask(emulator.url, "Is there sun?")
        const path = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k"
        const socket = yield* Effect.acquireRelease(
          Effect.sync(() => new WebSocket(emulator.url.replace("http", "ws") + path)),
          (socket) => Effect.sync(() => socket.close())
        )
        yield* Effect.promise(() => new Promise((resolve) => socket.addEventListener("open", resolve, { once: true })))
        const page = yield* open(emulator.url, "#/default/live")
        const answered = new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }))
        socket.send(JSON.stringify({ setup: { model: "models/gemini-3.8-live" } }))
        yield* Effect.promise(() => answered)
        yield* page.until("document.querySelector('.frames')?.textContent.includes('setupComplete') === true")
        yield* page.evaluate("document.querySelector('.frames [role=grid]').focus()")
        yield* press(page, "Home")
        yield* page.until(
          "[...document.querySelectorAll('pre')].some((each) => each.textContent.includes('gemini-3.8-live'))"
        )
        const views = [
          ["live", "setupComplete"],
          ["rules", "Is there sun?"],
          ["controls", "gemini-3.8-flash"]
        ] as const
        for (const [view, shown] of views) {
          yield* page.evaluate(`location.hash = "#/default/${view}"`)
          yield* page.until(`document.querySelector('main').textContent.includes(${JSON.stringify(shown)})`)
          yield* page.command("Emulation.setEmulatedMedia", { features: [] })
          assert.deepStrictEqual(yield* findings(page), [], view)
          yield* page.command("Emulation.setEmulatedMedia", dark)
          assert.deepStrictEqual(yield* findings(page), [], `${view}, dark`)
        }
        yield* page.evaluate(`location.hash = "#/default/controls"`)
        yield* page.until("document.querySelector('main').textContent.includes('Freeze')")
        yield* emulator.setQuotas({ models: { "*": { rpm: 1 } } })
        yield* ask(emulator.url, "Is there sun?")
        yield* page.until("document.querySelector('.gauges')?.textContent.includes('1 of 1full, free in') === true")
        assert.deepStrictEqual(yield* findings(page), [])
        yield* page.evaluate(
          "[...document.querySelectorAll('button')].find((each) => each.textContent === 'Freeze').click()"
        )
        yield* page.until("document.querySelector('main').textContent.includes('frozen')")
        yield* page.evaluate(`location.hash = "#/default/rules"`)
        yield* page.until("document.querySelector('main').textContent.includes('wanted')")
        assert.deepStrictEqual(yield* page.evaluate("reports"), [])
      }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())),
    90_000
  )
})

describe("a call as a program", () => {
  const text = "It's \"quoted\" \\ $HOME `date` \u2028 ü 😀\nand\ta new line"
  const body = { contents: [{ role: "user", parts: [{ text }] }], generationConfig: { candidateCount: 1 }, tools: [] }

  it.live.each(
    [["curl", "sh", Snippet.curl], ["TypeScript", "node", Snippet.typescript], [
      "Python",
      "python3",
      Snippet.python
    ]] as const
  )(
    "%s sends the same body, whatever it holds",
    ([language, program, written]) =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const url = `${emulator.url}/v1beta/models/gemini-3.8-flash:generateContent`
        const made = written({ url, body })
        const args = language === "curl"
          ? ["-c", made]
          : language === "TypeScript"
          ? ["--input-type=module-typescript", "-e", made]
          : ["-c", made]
        const { stdout } = yield* Effect.promise(() =>
          run(program === "node" ? process.execPath : program, args, {
            env: { PATH: process.env["PATH"], GEMINI_API_KEY: "k" }
          })
        )
        assert.include(stdout, "candidates")
        assert.deepStrictEqual((yield* emulator.requests)[0]?.body, body)
      }).pipe(Effect.provide(Emulator.layerServer())),
    30_000
  )
})
