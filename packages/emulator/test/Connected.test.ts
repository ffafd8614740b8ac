import * as Standalone from "effect-gemini-emulator/Standalone"
import { assert, describe, it } from "vitest"
import { flash, prompt } from "./Wire.ts"

// With await, a program cannot tell an emulator of its own process from one of another.

type Gemini = Standalone.Standalone | Awaited<ReturnType<typeof Standalone.connect>>

const ways: ReadonlyArray<readonly [string, (url: string, own: Standalone.Standalone) => Promise<Gemini>]> = [
  ["in this process", (_, own) => Promise.resolve(own.space("one"))],
  ["of another process", (url) => Standalone.connect(url, { space: "one" })]
]

for (const [name, reach] of ways) {
  describe(`an emulator ${name}, without Effect`, () => {
    it("is told, asked, waited for, verified and checked", async () => {
      await using emulator = await Standalone.start()
      const gemini = await reach(emulator.url, emulator)
      assert.strictEqual(gemini.url, `${emulator.url}/spaces/one`)
      const ask = async (text: string) => {
        const response = await fetch(`${gemini.url}/v1beta/models/${flash}:generateContent?key=any`, {
          method: "POST",
          body: JSON.stringify(prompt(text))
        })
        const { candidates, error } = await response.json()
        return candidates?.[0].content.parts[0].text ?? error.code
      }
      await gemini.setRules([{ name: "a", when: { text: "a" }, reply: "A" }])
      await gemini.addRules([{ name: "b", when: { text: "b" }, reply: "B" }])
      await gemini.enqueue("first")
      assert.deepStrictEqual([await ask("a"), await ask("a"), await ask("b"), await ask("c")], ["first", "A", "B", 501])
      const down = { status: 503 }
      const [id] = await gemini.addFault(down)
      assert.deepStrictEqual([id, await ask("a"), (await gemini.faults())[0]?.hits], ["fault-1", 503, 1])
      assert.strictEqual(await gemini.removeFault(down), 1)
      assert.strictEqual((await gemini.awaitRequest(({ status }) => status === 503)).id, 4)
      assert.lengthOf(await gemini.awaitClosed(5), 5)
      assert.deepStrictEqual((await gemini.rules()).map(({ answered }) => answered), [1, 1])
      assert.isTrue((await gemini.verify([{ when: { text: "a" }, times: 3 }])).ok)
      assert.deepInclude(await gemini.check(), { ok: false, waiting: 0, open: 0, unused: [] })
      assert.strictEqual((await gemini.explain({ body: prompt("b") })).rule, "b")
      await gemini.setFrozen(true)
      await gemini.setTime(0)
      await gemini.adjust("1 hour")
      assert.deepStrictEqual(await gemini.clock(), { time: 3_600_000, frozen: true })
      assert.deepStrictEqual((await gemini.live.counters()).total, 0)
      const problem = await Promise.resolve().then(() => gemini.setRules([JSON.parse("{\"rply\":1}")])).catch(String)
      assert.include(problem, "rules[0].rply: there is no such field. Did you mean \"reply\"?")
      assert.strictEqual((await (await gemini.space("two")).requests()).length, 0)
      assert.isTrue(await gemini.endSpace("two"))
      await gemini.clear()
      assert.deepStrictEqual(await gemini.requests(), [])
    })
  })
}
