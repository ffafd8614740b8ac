/** A held call is answered by hand on the emulator's page, by keyboard alone, and its client gets the answer. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Chromium from "../live/chromium.ts"
import { ask, dark, findings, markup, open, press, tabTo, typeOver } from "./pageDriver.ts"

const tools = [{
  functionDeclarations: [{
    name: "get_weather",
    description: `Looks the weather up ${markup}`,
    parametersJsonSchema: {
      type: "object",
      properties: {
        city: { type: "string", description: "The city" },
        days: { type: "integer" },
        unit: { type: "string", enum: ["celsius", "kelvin"] },
        hours: { type: "array", items: { type: "integer" } }
      },
      required: ["city", "days"]
    }
  }]
}]

const call = (url: string) =>
  Effect.promise(async () => {
    const response = await fetch(`${url}/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse`, {
      method: "POST",
      headers: { "x-goog-api-key": "k", "x-server-timeout": "300" },
      body: JSON.stringify({
        contents: [{ role: "user", parts: [{ text: "How is the weather in Lisbon for 3 days?" }] }],
        tools
      })
    })
    return response.text()
  })

const status = "document.querySelector('main [role=status]').textContent"

describe.skipIf(!Chromium.isInstalled)("held calls on the page in Chromium", () => {
  it.live(
    "are answered by a form of their functions' schemas, with words, failed and let go, by keyboard alone",
    () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const { holds, url } = emulator
        const page = yield* open(url, "#/default/held")
        yield* tabTo(page, "#hold-all")
        yield* press(page, "Space")
        yield* page.until("document.querySelector('#hold-all').checked")
        while (!(yield* holds.all)) yield* Effect.sleep(5)

        const called = yield* Effect.forkChild(call(url))
        yield* page.until(`${status} === '1 call waits.'`)
        yield* page.until("document.querySelector('nav').textContent.includes('Held (1)')")
        const field = (name: string) =>
          `document.querySelector('#' + [...document.querySelectorAll('.field label')].find((each) => each.textContent.startsWith('${name}')).htmlFor)`
        // It begins with what the words say.
        assert.strictEqual(yield* page.evaluate(`${field("city")}.value`), "Lisbon")
        assert.strictEqual(yield* page.evaluate(`${field("days")}.value`), "3")
        for (const media of [{ features: [] }, dark]) {
          yield* page.command("Emulation.setEmulatedMedia", media)
          assert.deepStrictEqual(yield* findings(page), [])
        }
        // A mistake is told, and the call waits on.
        yield* tabTo(page, ".field input[type=number]")
        yield* typeOver(page, "2.5")
        yield* tabTo(page, ".by-hand button[type=submit]")
        yield* press(page, "Enter")
        yield* page.until("document.querySelector('.by-hand [role=status]').textContent.includes('args.days')")
        assert.lengthOf(yield* holds.list, 1)
        yield* page.evaluate(`${field("days")}.focus()`)
        yield* typeOver(page, "7")
        yield* tabTo(page, ".by-hand button[type=submit]")
        yield* press(page, "Enter")
        const events = yield* Fiber.join(called)
        assert.match(events, /"name": ?"get_weather"/)
        assert.match(events, /"days": ?7/)
        yield* page.until(`${status} === 'None waits.'`)
        assert.strictEqual(yield* page.evaluate("document.activeElement.textContent"), "Held calls")

        const asked = yield* Effect.forkChild(ask(url, markup))
        yield* page.until(`${status} === '1 call waits.'`)
        yield* tabTo(page, ".by-hand textarea")
        yield* page.command("Input.insertText", { text: "Typed by hand." })
        yield* tabTo(page, ".by-hand button[type=submit]")
        yield* press(page, "Enter")
        assert.include(yield* Fiber.join(asked), "Typed by hand.")
        // The form of the call that was answered has to be gone, so that the next one is the new call's.
        yield* page.until(`${status} === 'None waits.'`)

        const failing = yield* Effect.forkChild(ask(url, "Fail"))
        yield* page.until(`${status} === '1 call waits.'`)
        yield* tabTo(page, ".by-hand select")
        yield* press(page, "End")
        yield* page.until("document.querySelector('.by-hand input[type=number]') !== null")
        yield* tabTo(page, ".by-hand input[type=number]")
        yield* typeOver(page, "429")
        yield* tabTo(page, ".by-hand button[type=submit]")
        yield* press(page, "Enter")
        assert.match(yield* Fiber.join(failing), /"code": 429/)
        yield* page.until(`${status} === 'None waits.'`)

        const going = yield* Effect.forkChild(ask(url, "Go"))
        yield* page.until(`${status} === '1 call waits.'`)
        yield* tabTo(page, ".by-hand button[type=button]")
        yield* press(page, "Enter")
        assert.include(yield* Fiber.join(going), "answering from the emulator")

        assert.deepStrictEqual((yield* emulator.requests).map(({ verdict }) => verdict?.by), [
          "hand",
          "hand",
          "hand",
          "generator"
        ])
        assert.notStrictEqual(yield* page.evaluate("document.title"), "owned")
        assert.deepStrictEqual(yield* page.evaluate("reports"), [])
      }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())),
    90_000
  )
})
