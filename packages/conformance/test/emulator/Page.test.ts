/** The emulator's page as a browser shows it. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { gunzipSync } from "node:zlib"
import { bundlePage } from "../../../emulator/page/bundle.ts"
import * as Chromium from "../live/chromium.ts"
import { ask, chosen, dark, findings, markup, open, press } from "./pageDriver.ts"

describe.skipIf(!Chromium.isInstalled)("the page in Chromium", () => {
  it.live("shows calls as they happen, draws only those in sight, and finds one", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      yield* Effect.forEach(Array.from({ length: 300 }, (_, i) => i), (i) => ask(url, `Line ${i}`), { concurrency: 4 })
      const page = yield* open(url)
      assert.strictEqual(yield* page.evaluate("location.pathname"), "/_emulator/")
      yield* page.until("document.querySelector('.list [role=status]').textContent === '300 calls'")
      assert.strictEqual(
        yield* page.evaluate("document.querySelector('[role=grid]').getAttribute('aria-rowcount')"),
        "301"
      )
      assert.isBelow(Number(yield* page.evaluate("document.querySelectorAll('.lines [role=row]').length")), 60)
      yield* ask(url, "The latest of all", "streamGenerateContent?alt=sse")
      yield* page.until("document.querySelector('.lines').textContent.includes('The latest of all')")
      // It is typed, not set: the input event has to arrive.
      yield* page.evaluate("document.querySelector('#find').focus()")
      yield* page.command("Input.insertText", { text: "latest" })
      yield* page.until("document.querySelector('.list [role=status]').textContent === '1 of 301 calls'")
      yield* press(page, "Tab")
      yield* press(page, "Tab")
      yield* press(page, "ArrowDown")
      yield* page.until(chosen(300))
      assert.deepStrictEqual(yield* findings(page), [])
      yield* page.command("Emulation.setEmulatedMedia", dark)
      assert.deepStrictEqual(yield* findings(page), [])
      assert.deepStrictEqual(yield* page.evaluate("reports"), [])
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())), 90_000)

  it.live(
    "shows a call with its words, thoughts, image, sound, pieces, tokens and verdict",
    () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.addRules([{
          name: "drawn",
          when: { text: { contains: "picture" } },
          reply: { text: "Here it is.", image: true, audio: true, invalid: true }
        }, { name: "never", when: { text: { contains: "snow" } }, reply: "Snow." }])
        yield* ask(emulator.url, "A picture")
        yield* ask(emulator.url, "What else?")
        const page = yield* open(emulator.url, "#/default/calls/0")
        yield* page.until("document.querySelector('.answer img')?.naturalWidth > 0")
        yield* page.until("document.querySelector('.answer audio')?.duration > 0.05")
        const text = String(yield* page.evaluate("document.querySelector('.detail').innerText"))
        for (const shown of ["0: generateContent", "tokens in", "rule drawn", "A picture", "Here it is.", "+"]) {
          assert.include(text, shown)
        }
        yield* page.evaluate("location.hash = '#/default/calls/1'")
        yield* page.until("document.querySelector('.detail').innerText.includes('What nearly answered')")
        assert.include(String(yield* page.evaluate("document.querySelector('.detail').innerText")), "never")
        assert.deepStrictEqual(yield* page.evaluate("reports"), [])
      }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())),
    90_000
  )

  it.live("draws what was said as text, and the policy has nothing to report", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.setRules([{ name: markup, when: { text: markup }, reply: markup }], "refuse")
      yield* ask(emulator.url, markup)
      yield* ask(emulator.url, `${markup}!`)
      const page = yield* open(emulator.url)
      for (const id of [0, 1]) {
        yield* page.evaluate(`location.hash = '#/default/calls/${id}'`)
        yield* page.until(chosen(id))
        yield* page.until("document.querySelector('.detail').textContent.includes('<script>')")
        assert.strictEqual(yield* page.evaluate("document.querySelectorAll('#page script, #page img').length"), 0)
      }
      assert.strictEqual(yield* page.evaluate("document.title"), "Gemini emulator")
      assert.deepStrictEqual(yield* page.evaluate("reports"), [])
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())), 90_000)

  it.live("asks for the token of an emulator that has one, and shows nothing before", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      yield* ask(url, "Secret words")
      const page = yield* Chromium.drive(`${url}/`, "/dev/null", 60)
      yield* page.until("document.querySelector('.token input') !== null")
      assert.notInclude(String(yield* page.evaluate("document.body.innerText")), "Secret words")
      yield* page.evaluate("document.querySelector('.token input').focus()")
      yield* page.command("Input.insertText", { text: "hunter2" })
      yield* press(page, "Enter")
      yield* page.until("document.body.innerText.includes('Secret words')")
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer({ token: "hunter2" }))), 90_000)
})

describe("the page's files", () => {
  it.effect("are at most 60 kB compressed, and have no inline script, style or foreign address", () =>
    Effect.gen(function*() {
      const { css, html, icon, js } = yield* Effect.promise(bundlePage)
      const [script, style] = [js, css].map((base64) => Buffer.from(base64, "base64"))
      assert.isAtMost((script?.length ?? 0) + (style?.length ?? 0) + html.length + icon.length, 60_000)
      assert.notMatch(html, /<style|<script(?![^>]* src="page\.js")|https?:/)
      assert.notMatch(gunzipSync(style ?? Buffer.alloc(0)).toString(), /url\(|@import/)
    }))

  it.live("are served compressed or not, and to nobody of elsewhere", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
        Effect.promise(() => fetch(`${url}${path}`, { headers, redirect: "manual" }))
      const root = yield* get("/", { accept: "text/html,*/*" })
      assert.deepStrictEqual([root.status, root.headers.get("location")], [302, "/_emulator/"])
      assert.strictEqual((yield* get("/_emulator")).headers.get("location"), "/_emulator/")
      const page = yield* get("/_emulator/")
      assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'; script-src 'self'/)
      assert.include(yield* Effect.promise(() => page.text()), "<title>Gemini emulator</title>")
      const packed = yield* get("/_emulator/page.js")
      assert.strictEqual(packed.headers.get("content-encoding"), "gzip")
      const plain = yield* get("/_emulator/page.js", { "accept-encoding": "identity" })
      assert.isNull(plain.headers.get("content-encoding"))
      assert.strictEqual(yield* Effect.promise(() => plain.text()), yield* Effect.promise(() => packed.text()))
      for (const path of ["/_emulator/", "/_emulator/page.js"]) {
        assert.strictEqual((yield* get(path, { origin: "https://evil.test" })).status, 403)
        assert.strictEqual((yield* get(path, { "sec-fetch-site": "cross-site" })).status, 403)
      }
      // What nobody asked as a page is the API's, as before.
      assert.strictEqual((yield* get("/")).status, 404)
      const emulator = yield* Emulator.Emulator
      assert.deepStrictEqual((yield* emulator.requests).map(({ path }) => path), ["/"])
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())))
})
