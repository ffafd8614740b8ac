/**
 * The emulator in Vitest: `setupGemini()` gives a `test` in which each test has a space of its own, as `gemini`. At its
 * end the space is checked: a request that no rule matched, or an answer that nobody took, fails the test. A test that
 * fails prints its requests, each in two lines.
 *
 * ```ts compile-only
 * import { setupGemini } from "effect-gemini-emulator/vitest"
 * import { expect } from "vitest"
 *
 * const test = setupGemini()
 * const greet = (url: string) => fetch(`${url}/v1beta/models?key=any`).then(({ status }) => String(status)) // yours
 *
 * test("greets", async ({ gemini }) => {
 *   await gemini.setRules([{ when: { text: "Hi" }, reply: "Hello" }])
 *   expect(await greet(gemini.url)).toBe("Hello")
 * })
 * ```
 *
 * With `setupGemini({ cassette: "cassettes" })` each test plays what was recorded for it, in a file by its name;
 * `GEMINI_CASSETTE_MODE=once` records those that are missing.
 *
 * Each worker starts an emulator of its own. With `globalSetup: ["effect-gemini-emulator/vitest"]` in the configuration
 * a run has one, and where the variable `GEMINI_EMULATOR_URL` is set it is that one.
 *
 * @since 0.2.0
 */
import { test, type TestAPI } from "vitest"
import { testFile } from "./internal/cassettes/testFile.ts"
import * as Standalone from "./Standalone.ts"
import * as TestSpace from "./TestSpace.ts"

interface Named {
  readonly name: string
  readonly suite?: Named | undefined
}

/** The file and the suites in which a test stands: another one may have its name. */
const placeOf = ({ file, suite }: Named & { readonly file: Named }): string => {
  const names: Array<string> = []
  for (let around = suite; around !== undefined; around = around.suite) names.unshift(around.name)
  return [file.name, ...names].join(" > ")
}

/**
 * Vitest's `test`, whose tests have a space.
 *
 * @category constructors
 * @since 0.2.0
 */
export const setupGemini = (options: TestSpace.Options = {}): TestAPI<{ readonly gemini: TestSpace.TestSpace }> =>
  test.extend<{ readonly gemini: TestSpace.TestSpace }>({
    gemini: [async ({ onTestFailed, task }, use) => {
      const { cassette } = options
      // Two suites may have tests of one name.
      const file = typeof cassette === "string" && !/\.jsonl$/i.test(cassette)
        ? testFile(cassette, task.name, placeOf(task))
        : cassette
      const gemini = await TestSpace.open({ ...options, cassette: file, name: options.name ?? task.name })
      let transcript = ""
      onTestFailed(() => {
        process.stderr.write(`What "${task.name}" asked of the emulator:\n${transcript}\n`)
      })
      await use(gemini)
      transcript = await gemini.transcript()
      // A test that has failed already tells why; what it has not come to do would only hide that.
      if (task.result?.state === "fail") await gemini.abandon()
      else await gemini.finish()
    }, { auto: true }]
  })

/**
 * Vitest's global setup: one emulator for a run, whose address the workers find in `GEMINI_EMULATOR_URL`.
 *
 * @category running
 * @since 0.2.0
 */
export const setup = async (): Promise<() => Promise<void>> => {
  if (process.env["GEMINI_EMULATOR_URL"] !== undefined) return () => Promise.resolve()
  const emulator = await Standalone.start()
  process.env["GEMINI_EMULATOR_URL"] = emulator.url
  return async () => {
    delete process.env["GEMINI_EMULATOR_URL"]
    await emulator.stop()
  }
}
