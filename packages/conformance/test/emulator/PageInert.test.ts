/** What the page shows of hostile and of large content: it is inert, folded or windowed. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Chromium from "../live/chromium.ts"
import { chosen, dark, findings, markup, model, open } from "./pageDriver.ts"

const svg = Buffer.from(
  "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9' onload='parent.document.title=`owned`'>" +
    "<script>parent.document.title='owned'</script><rect width='9' height='9' onclick='alert(1)'/></svg>"
).toString("base64")

const post = (url: string, body: unknown) =>
  Effect.promise(async () => {
    const response = await fetch(`${url}${model}generateContent`, {
      method: "POST",
      headers: { "x-goog-api-key": "k" },
      body: JSON.stringify(body)
    })
    return response.text()
  })

const said = (role: string, text: string) => ({ role, parts: [{ text }] })

describe.skipIf(!Chromium.isInstalled)("what is shown of a call in Chromium", () => {
  it.live(
    "is inert as an SVG, a name or an error with markup, and the policy has nothing to report",
    () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.setRules([
          {
            name: markup,
            when: { text: { contains: "fails" } },
            reply: { error: { code: 503, status: "UNAVAILABLE", message: markup } }
          }
        ])
        yield* post(emulator.url, {
          contents: [{
            role: "user",
            parts: [{ text: markup }, { inlineData: { mimeType: "image/svg+xml", data: svg } }]
          }]
        })
        assert.include(yield* post(emulator.url, { contents: [said("user", "This fails")] }), "UNAVAILABLE")
        yield* post(emulator.url, {
          contents: [said("user", "A call"), {
            role: "model",
            parts: [{ functionCall: { name: markup, args: { [markup]: markup } } }]
          }, { role: "user", parts: [{ functionResponse: { name: markup, response: { [markup]: markup } } }] }]
        })
        const page = yield* open(emulator.url)
        for (const id of [0, 1, 2]) {
          yield* page.evaluate(`location.hash = '#/default/calls/${id}'`)
          yield* page.until(chosen(id))
          yield* page.until("document.querySelector('.detail').textContent.includes('<script>')")
          assert.strictEqual(
            yield* page.evaluate(
              "document.querySelectorAll('#page script, #page img, #page object, #page iframe, #page rect[onclick]').length"
            ),
            0
          )
          if (id === 0) {
            assert.include(String(yield* page.evaluate("document.querySelector('.turns').innerText")), "image/svg+xml")
          }
        }
        yield* page.evaluate("location.hash = '#/default/rules'")
        yield* page.until("document.querySelector('main').textContent.includes('<script>')")
        assert.strictEqual(yield* page.evaluate("document.querySelectorAll('#page script, #page img').length"), 0)
        assert.strictEqual(yield* page.evaluate("document.title"), "Gemini emulator")
        assert.deepStrictEqual(yield* page.evaluate("reports"), [])
      }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())),
    90_000
  )

  it.live(
    "is what the call added to its conversation, with the earlier turns folded, and the cost is in sight",
    () =>
      Effect.gen(function*() {
        const { url } = yield* Emulator.Emulator
        const first = [said("user", "First question")]
        const second = [...first, said("model", "First answer"), said("user", "Second question")]
        const systemInstruction = said("user", "Be brief")
        yield* post(url, { contents: first })
        yield* post(url, { contents: [said("user", "Of another conversation")] })
        yield* post(url, { systemInstruction, contents: second })
        const page = yield* open(url, "#/default/calls/2")
        yield* page.until("document.querySelector('.earlier') !== null")
        assert.strictEqual(
          yield* page.evaluate("document.querySelector('.earlier summary').textContent"),
          "2 earlier turns"
        )
        assert.isFalse(yield* page.evaluate("document.querySelector('.earlier').open"))
        const shown = yield* page.evaluate(
          "[...document.querySelectorAll('.detail section > .turns li')].map((each) => each.innerText.replace(/\\s+/g, ' '))"
        )
        assert.deepStrictEqual(shown, ["model First answer", "user Second question"])
        assert.strictEqual(
          yield* page.evaluate("document.querySelector('.earlier').previousSibling.textContent"),
          "Goes on from call 0."
        )
        for (const media of [{ features: [] }, dark]) {
          yield* page.command("Emulation.setEmulatedMedia", media)
          assert.deepStrictEqual(yield* findings(page), [])
        }
        // Beside the detail the list does not scroll sideways, and the cost lies within it.
        assert.isTrue(
          yield* page.evaluate(`(() => {
        const list = document.querySelector('.windowed')
        const cost = document.querySelector('.line.head .c9').getBoundingClientRect()
        return list.scrollWidth <= list.clientWidth && cost.width > 0 && cost.right <= list.getBoundingClientRect().right
      })()`)
        )
      }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())),
    90_000
  )
})
