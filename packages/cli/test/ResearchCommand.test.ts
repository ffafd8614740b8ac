/** `gemini-fx research` as a process, against an emulator over sockets; killed, gone on with, and asked about its plan. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { seedOf, sizeOf } from "../../../scripts/proof.ts"
import * as Command from "./Command.ts"
import * as Harness from "./harness.ts"
import { isInstalled, Terminal } from "./Terminal.ts"

const question = "How are tides predicted?"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-research-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

const environmentOf = (url: string) => ({ GEMINI_API_KEY: "a-key-for-tests", GEMINI_BASE_URL: url })

/** In this process; a folder on the disk has the researches. */
const gemini = (directory: string, url: string, ...args: ReadonlyArray<string>) =>
  Effect.map(
    Harness.gemini(["research", ...args], {
      env: { ...environmentOf(url), GEMINI_FX_RESEARCH: join(directory, "r") },
      isOnDisk: true
    }),
    ({ exitCode, stderr, stdout }) => ({ code: exitCode, stderr, stdout })
  )

const made = Effect.map(
  Effect.flatMap(Emulator.Emulator, ({ requests }) => requests),
  (all) => all.filter(({ method, path }) => method === "POST" && path.endsWith("/interactions")).length
)

const idIn = (stderr: string): string => /--resume ([\w-]+)/.exec(stderr)?.[1] ?? assert.fail(stderr)

describe("gemini-fx research", () => {
  it.live("writes a report to a pipe, a page and a document, and lists what there is", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      const directory = yield* folder
      const [notes, tides] = [join(directory, "notes.md"), join(directory, "tides.html")]
      writeFileSync(notes, "Harmonic constants, since 1867.")
      const ran = yield* gemini(directory, url, question, "-a", notes)
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.match(ran.stdout, /^# How are tides predicted[\s\S]*notes\.md[\s\S]*\.\[1\][\s\S]*## Sources\n\n1\. \[/)
      assert.match(ran.stderr, /\? What is known about/)
      assert.match(ran.stderr, /tokens .*; 6 sources\n$/)
      const id = idIn(ran.stderr)
      const page = yield* gemini(directory, url, "--resume", id, "-o", tides, "-q")
      assert.deepStrictEqual([page.code, page.stdout, page.stderr], [0, `${tides}\n`, ""])
      assert.include(readFileSync(tides, "utf8"), "<li id=\"source-6\">")
      const json = yield* gemini(directory, url, "--resume", id, "--json")
      const document = JSON.parse(json.stdout)
      assert.strictEqual(document.sources.length, 6)
      assert.strictEqual(`${document.markdown}`, ran.stdout)
      const events = (yield* gemini(directory, url, "--resume", id, "--json", "--stream")).stdout.trim().split("\n")
      assert.strictEqual(JSON.parse(events[0] ?? "")._tag, "Started")
      assert.strictEqual(JSON.parse(events.at(-1) ?? "").report.text, document.text)
      assert.strictEqual(yield* made, 1)
      const list = yield* gemini(directory, url, "--list")
      assert.match(list.stdout, new RegExp(`${id} +finished +How are tides predicted\\? +6 sources`))
    }).pipe(Effect.provide(Emulator.layerServer({ interactions: { research: 200 } }))), 60_000)

  const kills = sizeOf("18.6", { test: 1, prove: 20 })

  it.live(
    `goes on where a kill -9 ended it, without another interaction (${kills} kills)`,
    () =>
      Effect.gen(function*() {
        const { url } = yield* Emulator.Emulator
        const directory = yield* folder
        const whole = yield* gemini(directory, url, question, "-q")
        let seed = seedOf("18.6", 7) >>> 0
        const random = (below: number): number => {
          seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
          return Math.floor(seed / 2 ** 32 * below)
        }
        let interactions = yield* made
        for (let kill = 0; kill < kills; kill++) {
          const command = yield* Command.start(["research", question], {
            ...environmentOf(url),
            GEMINI_FX_RESEARCH: join(directory, "r")
          })
          yield* command.says("--resume")
          // At a random moment of its work, which takes 0.9 seconds.
          yield* Effect.sleep(random(900))
          const id = idIn(command.stderr())
          command.child.kill("SIGKILL")
          yield* command.ended
          const status = JSON.parse((yield* gemini(directory, url, "--list", "--json")).stdout)
          const found = status.find((one: { readonly id: string }) => one.id === id)
          assert.include(["researching", "shaping", "finished"], found.state)
          const resumed = yield* gemini(directory, url, "--resume", id)
          assert.strictEqual(resumed.code, 0, resumed.stderr)
          assert.strictEqual(resumed.stdout, whole.stdout)
          assert.strictEqual(yield* made, ++interactions)
        }
      }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer({ interactions: { research: 900 } }))),
    300_000
  )

  it.live("leaves a plan to whoever decides later, and begins when it is approved", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      const directory = yield* folder
      const out = join(directory, "out.html")
      const planned = yield* gemini(directory, url, question, "--plan")
      assert.strictEqual(planned.code, 0, planned.stderr)
      assert.match(planned.stdout, /^# Research plan: How are tides predicted\n/)
      assert.include(planned.stderr, "--approve lets it begin")
      const id = idIn(planned.stderr)
      const changed = yield* gemini(directory, url, "--resume", id, "--change", "Add who pays.")
      assert.include(changed.stdout, "Add who pays.")
      const approved = yield* gemini(directory, url, "--resume", id, "--approve", "-o", out)
      assert.strictEqual(approved.code, 0, approved.stderr)
      assert.include(readFileSync(out, "utf8"), "<summary>The plan</summary>")
      assert.strictEqual(yield* made, 3)
    }).pipe(Effect.provide(Emulator.layerServer({ interactions: { research: 100 } }))), 60_000)

  it.live(
    "says what is wrong with its flags before anything is asked, and what the agent did not do",
    () =>
      Effect.gen(function*() {
        const { addFault, url } = yield* Emulator.Emulator
        const directory = yield* folder
        const said = (code: number, words: string, ...args: ReadonlyArray<string>) =>
          Effect.map(gemini(directory, url, ...args), (ran) => {
            assert.strictEqual(ran.code, code, ran.stderr)
            assert.include(ran.stderr, words)
          })
        yield* said(2, "choose one", "--list", "--resume", "a")
        yield* said(2, "take no question", "--resume", "a", question)
        yield* said(2, "name its research with --resume", question, "--approve")
        yield* said(2, "which is for --json", question, "--stream")
        yield* said(2, "expected a time such as 30m", question, "--deadline", "soon")
        yield* said(2, "there is no folder", question, "-o", "none/tides.html")
        yield* said(2, "nothing is asked")
        yield* said(2, "`gemini-fx research --list` shows those that there are", "--resume", "none")
        yield* said(1, "expected a number above 0", question, "--max-tokens", "0")
        assert.strictEqual(yield* made, 0)
        yield* addFault({
          when: { method: "interactions.create", times: 1 },
          interaction: { state: "failed", error: { code: "api_error", message: "the web is closed" } }
        })
        yield* said(1, "the web is closed", question)
      }).pipe(Effect.provide(Emulator.layerServer({ interactions: { research: 100 } }))),
    60_000
  )

  it.live.skipIf(!isInstalled)(
    "asks a person at a terminal about the plan, and paints the report",
    () =>
      Effect.gen(function*() {
        const { url } = yield* Emulator.Emulator
        const directory = yield* folder
        const terminal = new Terminal(["research", question, "--plan", "-d", join(directory, "r")], environmentOf(url))
        yield* Effect.addFinalizer(() => Effect.sync(() => void terminal.child.kill("SIGKILL")))
        yield* terminal.shows(/Research plan[\s\S]*Enter begins; or say what to change: $/)
        yield* terminal.type("Add who pays.\r")
        yield* terminal.shows(/Add who pays\.[\s\S]*Enter begins; or say what to change: $/)
        yield* terminal.type("\r")
        yield* terminal.shows(/researching · [\s\S]*Sources[\s\S]*; \d+ sources/)
        assert.strictEqual(yield* terminal.ended, 0)
        // eslint-disable-next-line no-control-regex
        assert.match(terminal.all, /\u001b\[1m/)
      }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer({ interactions: { research: 600 } }))),
    60_000
  )
})
