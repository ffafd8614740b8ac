/** The seven examples of agents, run as `pnpm example` runs them, without a key. */
import { assert, describe, it } from "@effect/vitest"
import { names, play } from "effect-gemini-examples/agents/run"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const folder = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "example-")))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** What an example writes, in a folder of its own. */
const said = (name: string) =>
  Effect.gen(function*() {
    const directory = yield* folder
    const lines: Array<string> = []
    yield* play(name, directory).pipe(
      Effect.provideService(Console.Console, { ...console, log: (line: unknown) => void lines.push(String(line)) }),
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({})))
    )
    assert.match(lines[0] ?? "", /^server: embedded emulator/)
    return { directory, text: lines.join("\n") }
  })

describe("the examples of agents", () => {
  it("are the seven that the README names", () => {
    const readme = readFileSync(join(import.meta.dirname, "../src/agents/README.md"), "utf8")
    assert.lengthOf(names, 7)
    for (const name of names) assert.include(readme, `| \`${name}\` |`)
  })

  it.live("documents: a wrong quotation is told to the model, and the next one stands in its document", () =>
    Effect.gen(function*() {
      const { text } = yield* said("documents")
      assert.include(text, "[tides] \"most coasts have two high tides\"")
      assert.include(text, "3 steps")
    }))

  it.live("support: the process that asked is gone, and the refund is paid once, when a person has approved it", () =>
    Effect.gen(function*() {
      const { directory, text } = yield* said("support")
      assert.match(text, /process (\d+) waits for billing\.1\/2\.0: refund/)
      const [asked, decided] = text.match(/process (\d+)/g) ?? []
      assert.notStrictEqual(asked, decided)
      assert.include(text, "triage.1 handed over to billing")
      assert.include(text, "You get 4200 cents back for a lamp: paid 4200 back, receipt support-1.billing.1/2.0.")
      for (const run of ["support-1", "support-1.triage.1", "support-1.billing.1"]) {
        assert.include(readFileSync(join(directory, `${run}.html`), "utf8"), "<html")
      }
      const records = readFileSync(join(directory, "runs", "support-1.billing.1", "journal.jsonl"), "utf8")
      assert.lengthOf(records.match(/"CallStarted","call":"2\.0"/g) ?? [], 1)
    }))

  it.live("code: the server of files edits the file", () =>
    Effect.gen(function*() {
      const { directory, text } = yield* said("code")
      assert.include(text, "total() multiplies now.")
      assert.include(readFileSync(join(directory, "price.js"), "utf8"), "cents * pieces")
    }))

  it.live("sales: it adds up by its tools and computes by code", () =>
    Effect.gen(function*() {
      const { text } = yield* said("sales")
      assert.include(text, "total_by {\"column\":\"month\"}")
      assert.include(text, "CodeExecution")
      assert.include(text, "15.5 % in February")
    }))

  it.live("search: the answer has the pages on which it rests", () =>
    Effect.gen(function*() {
      const { text } = yield* said("search")
      assert.include(text, "[1] Eclipses of 2027 https://example.org/eclipses/2027")
    }))

  it.live("tests: red once, then green, by tests that really ran", () =>
    Effect.gen(function*() {
      const { directory, text } = yield* said("tests")
      assert.match(text, /red, once more\ngreen\n/)
      assert.isTrue(existsSync(join(directory, "slug.test.mjs")))
    }))

  it.live("research: it tells what it searches, and the report has its sources", () =>
    Effect.gen(function*() {
      const { text } = yield* said("research")
      assert.include(text, "searches google: ")
      assert.include(text, "## Sources")
    }))
})
