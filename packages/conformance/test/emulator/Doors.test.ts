/** The emulator's doors, tried by a real browser: pages of elsewhere, a name that was rebound, and markup that is shown. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Chromium from "../live/chromium.ts"

const path = "/v1beta/models/gemini-3.8-flash:generateContent?key=k"
const live = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k"

/** What a page finds out: for each way to ask what it heard, and whether it could read it. */
const attacks = `
const { url, token } = await (await fetch("/given")).json()
const own = url + "/_emulator/v1/spaces"
const tried = {}
const ask = async (name, target, options) => {
  try {
    const response = await fetch(target, options)
    tried[name] = response.type === "opaque" ? "sent, unread" : response.status + " " + (await response.text()).slice(0, 40)
  } catch (error) {
    tried[name] = "refused"
  }
}
await ask("the API by CORS", url + "${path}", {
  method: "POST", headers: { "x-goog-api-key": "k", "content-type": "application/json" },
  body: JSON.stringify({ contents: [{ parts: [{ text: "Hi" }] }] }) })
await ask("read", own)
await ask("read without CORS", own, { mode: "no-cors" })
await ask("with the token", own, { headers: { authorization: "Bearer " + token } })
await ask("write by a preflight", own + "/stolen", { method: "PUT", body: "{}", headers: { "content-type": "application/json" } })
await ask("write as a form", own + "/default/rules", { method: "POST", mode: "no-cors", body: "{}", headers: { "content-type": "text/plain" } })
await ask("a beacon", own, { method: "POST", mode: "no-cors", keepalive: true, body: "{}" })
const frame = document.createElement("iframe")
const event = (name, target) => new Promise((resolve) => {
  const socket = new WebSocket(target)
  socket.onopen = () => { tried[name] = "open"; socket.close(); resolve() }
  socket.onerror = () => { tried[name] = "refused"; resolve() }
})
await event("a session", url.replace("http", "ws") + "${live}")
await event("a socket to its own paths", url.replace("http", "ws") + "/_emulator/v1/events")
await fetch("/told", { method: "POST", body: JSON.stringify(tried) })
`

const markup = "\"><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
const svg = `<svg xmlns="http://www.w3.org/2000/svg"><script>document.documentElement.setAttribute("ran", "yes")
fetch("/_emulator/v1/spaces/owned", { method: "PUT", body: "{}" })</script><text y="20">drawn</text></svg>`

/** Where every name but the loopback address leads to it: a name that has been rebound. */
const rebound = ["--host-resolver-rules=MAP evil.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]

describe.skipIf(!Chromium.isInstalled)("in Chromium", () => {
  it.live(
    "a page of another origin calls the API as it may Google's, and neither reads nor changes anything else",
    () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const { told } = yield* Chromium.open(attacks, { url: emulator.url, token: "hunter2" })
        const { "a session": session, "the API by CORS": api, ...rest } = Object(told)
        assert.match(api, /^200 /)
        // The page is one of this machine's.
        assert.strictEqual(session, "open")
        assert.deepStrictEqual(rest, {
          "read": "refused",
          "read without CORS": "refused",
          "with the token": "refused",
          "write by a preflight": "refused",
          "write as a form": "refused",
          "a beacon": "refused",
          "a socket to its own paths": "refused"
        })
        const { spaces } = yield* emulator.spaces
        assert.deepStrictEqual(spaces.map(({ name }) => name), ["default"])
        assert.deepStrictEqual(yield* emulator.rules, [])
      }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer({ token: "hunter2" }))),
    60_000
  )

  it.live("a server that answers no foreign page says nothing to it at all", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      const { told } = yield* Chromium.open(attacks, { url, token: "" })
      for (const [name, what] of Object.entries(Object(told))) assert.include(["refused", "sent, unread"], what, name)
      assert.strictEqual(Object(told)["the API by CORS"], "refused")
      assert.strictEqual(Object(told)["a session"], "refused")
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer({ foreignPages: "refuse" }))), 60_000)

  it.live(
    "a name that was rebound to this machine reaches nothing, though it is its own origin",
    () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const { port } = new URL(emulator.url)
        const page = yield* Chromium.drive(`http://evil.test:${port}/v1beta/models?key=k`, "/dev/null", 60, rebound)
        yield* page.until("document.body?.innerText.includes('evil.test') === true")
        const post = `{ method: "POST", body: JSON.stringify({ contents: [{ parts: [{ text: "Hi" }] }] }) }`
        yield* page.evaluate(`globalThis.tried = []
        for (const [target, options] of [["/v1beta/models?key=k"], ["${path}", ${post}], ["/_emulator/v1/spaces"],
          ["/_emulator/v1/health"]]) fetch(target, options).then(({ status }) => tried.push(status), () => tried.push(0))
        const socket = new WebSocket("ws://evil.test:${port}${live}")
        socket.onopen = () => tried.push("open")
        socket.onerror = () => tried.push("closed")`)
        yield* page.until("globalThis.tried?.length === 5")
        assert.sameMembers(Object.values(Object(yield* page.evaluate("tried"))), [403, 403, 403, 403, "closed"])
        assert.deepStrictEqual(yield* emulator.requests, [])
      }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())),
    60_000
  )

  it.live(
    "markup in prompts, names and errors is text, and the policy has nothing to report",
    () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.setRules([{ name: markup, when: { text: markup }, reply: markup }], "refuse")
        for (const text of [markup, `${markup}!`]) {
          yield* Effect.promise(() =>
            fetch(`${emulator.url}${path}`, {
              method: "POST",
              body: JSON.stringify({ contents: [{ parts: [{ text }] }] })
            })
          )
        }
        const shown = [
          "/_emulator/v1/spaces/default/requests",
          "/_emulator/v1/spaces/default/rules",
          `/_emulator/v1/spaces/${encodeURIComponent(markup)}`,
          `/_emulator/${encodeURIComponent(markup)}`
        ]
        const page = yield* Chromium.drive(`${emulator.url}/_emulator/v1/health`, "/dev/null", 60)
        yield* page.until("location.pathname === '/_emulator/v1/health' && document.readyState === 'complete'")
        for (const target of shown) {
          yield* page.evaluate(`location.href = ${JSON.stringify(target)}`)
          yield* page.until(
            `location.pathname + location.search === ${JSON.stringify(target)} && document.readyState === "complete"`
          )
          yield* page.evaluate(`globalThis.reports = []
          new ReportingObserver((all) => reports.push(...all.map(({ body }) => body.blockedURL)),
            { buffered: true, types: ["csp-violation"] }).observe()
          setTimeout(() => { globalThis.isLater = true }, 200)`)
          yield* page.until("globalThis.isLater === true")
          assert.deepStrictEqual(yield* page.evaluate("reports"), [], target)
          assert.strictEqual(yield* page.evaluate("document.querySelectorAll('script, img, iframe').length"), 0, target)
          assert.notStrictEqual(yield* page.evaluate("document.title"), "owned", target)
        }
      }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())),
    90_000
  )

  it.live(
    "a drawing with a script in it is drawn, and acts neither here nor on the emulator's own paths",
    () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const bytes = new TextEncoder().encode(svg)
        const name = yield* emulator.files.add({ mimeType: "image/svg+xml", bytes: [bytes], source: "GENERATED" })
        const page = yield* Chromium.drive(
          `${emulator.url}/v1beta/${name}:download?alt=media&key=k`,
          "/dev/null",
          60
        )
        yield* page.until("document.documentElement?.textContent.includes('drawn') === true")
        assert.isTrue(yield* page.evaluate("document.documentElement.getAttribute('ran') === null"))
        const { spaces } = yield* emulator.spaces
        assert.deepStrictEqual(spaces.map((space) => space.name), ["default"])
      }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())),
    60_000
  )
})
