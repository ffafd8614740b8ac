/** Runs of agents by the command, in a folder of journals that a program of the agent wrote. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gemini } from "./harness.ts"

const command = (directory: string) => (...args: ReadonlyArray<string>) =>
  gemini(["runs", ...args, "-d", directory], { isOnDisk: true })

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "cli-runs-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const toolkit = Toolkit.make(
  Tool.make("pay", {
    description: "Pays",
    parameters: Schema.Struct({ cents: Schema.Int }),
    success: Schema.String,
    needsApproval: true
  })
)
const clerk = Agent.make({ name: "clerk", instructions: "You pay.", toolkit })

const usage = {
  inputTokens: { uncached: 1, total: 1, cacheRead: 0, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: 0 }
} as const

const model = Layer.effect(
  LanguageModel.LanguageModel,
  LanguageModel.make({
    streamText: () => Stream.empty,
    generateText: ({ prompt }) =>
      Effect.sync((): Array<Response.PartEncoded> =>
        prompt.content.at(-1)?.role === "tool"
          ? [{ type: "text", text: "paid" }, { type: "finish", reason: "stop", usage, response: undefined }]
          : [
            { type: "tool-call", id: "c", name: "pay", params: { cents: 3 } },
            { type: "finish", reason: "tool-calls", usage, response: undefined }
          ]
      )
  })
)

describe("gemini-fx runs", () => {
  it.live(
    "shows, reports, decides, forks and prunes an agent's run, and says who can resume it",
    () =>
      Effect.gen(function*() {
        const directory = join(yield* folder, "runs")
        const services = Layer.mergeAll(
          model,
          toolkit.toLayer({ pay: ({ cents }) => Effect.succeed(`paid ${cents}`) }),
          Layer.provide(FileJournal.layer({ directory }), NodeFileSystem.layer)
        )
        const runs = command(directory)
        yield* Effect.provide(Effect.flip(Agent.run(clerk, "pay", { id: "r1" })), services)

        const listed = yield* runs("list")
        assert.match(listed.stdout, /^r1 +waiting /m)

        const shown = yield* runs("show", "r1")
        assert.include(shown.stdout, "clerk: \"pay\"")
        assert.include(shown.stdout, "waits for approval of 1.0 pay({\"cents\":3})")
        assert.strictEqual(shown.exitCode, 0)
        const acts = yield* runs("show", "r1", "--act", "one")
        assert.deepStrictEqual([acts.exitCode, acts.stdout], [2, ""])
        assert.include(acts.stderr, "r1 is an agent's run, which has no acts")
        const lines = (yield* runs("show", "r1", "--json")).stdout.trim().split("\n")
        assert.strictEqual(JSON.parse(lines[0] ?? "").record._tag, "Begun")

        const watched = yield* runs("watch", "r1")
        assert.include(watched.stdout, "stopped: the run waits for decisions")

        const resumed = yield* runs("resume", "r1")
        assert.strictEqual(resumed.exitCode, 2)
        assert.include(resumed.stderr, "only the program that has this agent")
        assert.include(resumed.stderr, "\"clerk\"")

        const page = join(directory, "..", "r1.html")
        assert.strictEqual((yield* runs("report", "r1", "-o", page)).exitCode, 0)
        assert.include(readFileSync(page, "utf8"), "<h1>clerk: a run</h1>")

        const forked = yield* runs("fork", "r1", "--id", "r2")
        assert.strictEqual(forked.exitCode, 0, forked.stderr)

        const wrong = yield* runs("decide", "r1", "9.9", "approve", "--by", "ada")
        assert.strictEqual(wrong.exitCode, 2)
        assert.include(wrong.stderr, "nobody asked about the call")
        assert.strictEqual((yield* runs("decide", "r1", "1.0", "deny", "--by", "ada")).exitCode, 2)
        const decided = yield* runs("decide", "r1", "1.0", "approve", "--by", "ada", "--params", "{\"cents\":2}")
        assert.strictEqual(decided.exitCode, 0, decided.stderr)

        // The program finds what was decided, by whoever.
        const { records, text } = yield* Effect.provide(Agent.resume(clerk, "r1"), services)
        assert.strictEqual(text, "paid")
        assert.deepInclude(records.find(({ _tag }) => _tag === "CallEnded"), { result: "paid 2" })
        // The fork waits as the run did.
        const other = yield* Effect.provide(Effect.flip(Agent.resume(clerk, "r2")), services)
        assert.strictEqual(other.reason._tag, "Suspended")

        const cancelled = yield* runs("cancel", "r2")
        assert.strictEqual(cancelled.exitCode, 2)
        assert.include(cancelled.stderr, "only the program that has this agent")
        const all = JSON.parse((yield* runs("--json")).stdout)
        assert.sameDeepMembers(all.map(({ id, kind }: { id: string; kind: string }) => [id, kind]), [
          ["r1", "agent"],
          ["r2", "agent"]
        ])

        assert.include((yield* runs("show", "nothing")).stderr, "nothing")
        assert.strictEqual((yield* runs("show", "nothing")).exitCode, 2)

        const named = yield* runs("prune", "--state", "finished")
        assert.strictEqual(named.stdout, "r1\n")
        assert.isTrue(existsSync(join(directory, "r1")))
        yield* runs("prune", "--state", "finished", "--apply")
        assert.isFalse(existsSync(join(directory, "r1")))
        assert.isTrue(existsSync(join(directory, "r2")))
        assert.strictEqual((yield* runs("prune", "--older-than", "long")).exitCode, 2)
      }).pipe(Effect.scoped),
    120_000
  )
})
