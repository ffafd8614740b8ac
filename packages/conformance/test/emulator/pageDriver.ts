/** What the tests of the emulator's page share: calls to show, keys that are pressed, and what axe-core finds. */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import * as Chromium from "../live/chromium.ts"

export const model = "/v1beta/models/gemini-3.8-flash:"
export const markup = "\"><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"

export const ask = (url: string, text: string, method = "generateContent") =>
  Effect.promise(async () => {
    const response = await fetch(`${url}${model}${method}`, {
      method: "POST",
      headers: { "x-goog-api-key": "k" },
      body: JSON.stringify({ contents: [{ role: "user", parts: [{ text }] }] })
    })
    return response.text()
  })

const axe = readFileSync(
  createRequire(new URL("../../../emulator/page/main.tsx", import.meta.url)).resolve("axe-core/axe.min.js"),
  "utf8"
)

/** What axe-core finds in the page as it stands. */
export const findings = Effect.fnUntraced(function*(page: Chromium.Driven) {
  yield* page.evaluate(axe)
  yield* page.evaluate(`globalThis.found = undefined
  axe.run().then(({ violations }) => {
    globalThis.found = violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(", "))
  })`)
  yield* page.until("globalThis.found !== undefined")
  return yield* page.evaluate("found")
})

export const dark = { features: [{ name: "prefers-color-scheme", value: "dark" }] }

const keys: ReadonlyMap<string, number> = new Map([
  ["ArrowDown", 40],
  ["ArrowUp", 38],
  ["Tab", 9],
  ["Enter", 13],
  [
    "Home",
    36
  ],
  ["End", 35],
  ["Space", 32]
])

/** What a key types. */
const typed: ReadonlyMap<string, string> = new Map([["Enter", "\r"], ["Space", " "]])

export const press = (page: Chromium.Driven, key: string) =>
  Effect.forEach(
    ["rawKeyDown", "char", "keyUp"],
    (type) =>
      type === "char" && !typed.has(key) ? Effect.void : page.command("Input.dispatchKeyEvent", {
        type,
        key: key === "Space" ? " " : key,
        code: key,
        windowsVirtualKeyCode: keys.get(key) ?? 0,
        ...(typed.has(key) ? { text: typed.get(key) } : {})
      })
  )

/** Opens a view of the page, and listens for what the policy reports. */
export const open = Effect.fnUntraced(function*(url: string, hash = "") {
  const page = yield* Chromium.drive(`${url}/${hash}`, "/dev/null", 80, ["--window-size=1300,900"])
  yield* page.until("document.querySelector('header [role=status]')?.textContent === 'live'")
  yield* page.evaluate(`globalThis.reports = []
  new ReportingObserver((all) => reports.push(...all.map(({ body }) => body.blockedURL)),
    { buffered: true, types: ["csp-violation"] }).observe()`)
  return page
})

export const chosen = (id: number) => `document.querySelector(".detail h2")?.textContent.startsWith("${id}: ") === true`

/** Goes on by Tab until it is there. */
export const tabTo = Effect.fnUntraced(function*(page: Chromium.Driven, selector: string) {
  for (let i = 0; i < 60; i++) {
    if (yield* page.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)}) === true`)) return
    yield* press(page, "Tab")
  }
  return yield* Effect.die(new Error(`Tab does not lead to ${selector}`))
})

/** Types over what a field holds. */
export const typeOver = Effect.fnUntraced(function*(page: Chromium.Driven, text: string) {
  const key = { key: "a", code: "KeyA", windowsVirtualKeyCode: 65, modifiers: 2 }
  yield* page.command("Input.dispatchKeyEvent", { type: "rawKeyDown", ...key, commands: ["selectAll"] })
  yield* page.command("Input.dispatchKeyEvent", { type: "keyUp", ...key })
  yield* page.command("Input.insertText", { text })
})
