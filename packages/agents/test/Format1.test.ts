/**
 * Records of format 1 as they were first written, on 2026-11-29, by a conversation of two turns on files: calls, a name
 * that is no tool, an empty and a cut answer, an approval with other arguments, a compaction, a refused call, and a block.
 * These files are never written again: what was written once must be read for ever.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { records as format } from "effect-gemini-agents/AgentRecord"
import * as AgentState from "effect-gemini-agents/AgentState"
import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
import * as Trace from "effect-gemini-agents/Trace"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Journal from "effect-gemini-journal/Journal"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Agent from "../src/Agent.ts"
import * as Scripted from "./scripted.ts"

const fixture = join(import.meta.dirname, "format1")

const toolkit = Toolkit.make(
  Tool.make("add", {
    description: "Adds",
    parameters: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }),
    success: Schema.Finite
  }).annotate(Tool.Readonly, true),
  Tool.make("read", { description: "Reads", success: Schema.String })
    .annotate(Tool.Readonly, true)
    .annotate(ToolPolicy.ResultLimit, 60),
  Tool.make("pay", {
    description: "Pays",
    parameters: Schema.Struct({ cents: Schema.Int }),
    success: Schema.String,
    needsApproval: true
  }).annotate(ToolPolicy.Expires, "1 day")
)
const clerk = Agent.make({ name: "clerk", instructions: "You add, read and pay.", toolkit })
const handlers = toolkit.toLayer({
  add: ({ a, b }) => Effect.succeed(a + b),
  read: () => Effect.succeed("read"),
  pay: ({ cents }) => Effect.succeed(`paid ${cents}`)
})

/** A copy of the files with the modes that a journal asks for, which a checkout does not keep. */
const copied = Layer.unwrap(Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const directory = mkdtempSync(join(tmpdir(), "format1-"))
      for (const id of ["talk", "fork"]) {
        cpSync(join(fixture, id), join(directory, id), { recursive: true })
        chmodSync(join(directory, id), 0o700)
        chmodSync(join(directory, id, "journal.jsonl"), 0o600)
      }
      return directory
    }),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  ),
  (directory) => Layer.provide(FileJournal.layer({ directory }), NodeFileSystem.layer)
))

const read = (id: string) =>
  Journal.Journal.use((journal) => Stream.runCollect(journal.read(format, id))).pipe(
    Effect.map((entries) => entries.flatMap((entry) => entry._tag === "Recorded" ? [entry.record] : []))
  )

describe("records of format 1", () => {
  it.effect("are read, hold every kind of record, and fold to the state that they folded to", () =>
    Effect.gen(function*() {
      const [talk, fork] = [yield* read("talk"), yield* read("fork")]
      const kinds = new Set([...talk, ...fork].map(({ _tag }) => _tag))
      assert.sameMembers([...kinds], [
        "Begun",
        "Continued",
        "Forked",
        "Asked",
        "Answered",
        "AskFailed",
        "Hinted",
        "CallStarted",
        "CallEnded",
        "Requested",
        "Decided",
        "Compacted",
        "Finished",
        "Stopped"
      ])
      const before: unknown = JSON.parse(readFileSync(join(fixture, "talk.state.json"), "utf8"))
      const now: unknown = JSON.parse(JSON.stringify(AgentState.fold(talk)))
      // A later version may know more of a state; what it knew must be the same.
      assert.deepInclude(Object(now), Object(before))
      assert.include(Trace.print(yield* Trace.read("talk")), "3.0: ada says approve (1h)")
    }).pipe(Effect.provide(copied)))

  it.effect("go on: the call that waited in the fork is decided and the run has its answer", () =>
    Effect.gen(function*() {
      const { reason } = yield* Effect.flip(Agent.resume(clerk, "fork"))
      assert.strictEqual(reason._tag === "Suspended" ? reason.pending[0]?.call : "", "3.0")
      const { records, text } = yield* Agent.resume(clerk, "fork", [
        { call: "3.0", verdict: { _tag: "approve" }, by: "ada" }
      ])
      assert.strictEqual(text, "done")
      const paid = records.findLast((record) => record._tag === "CallEnded")
      assert.strictEqual(paid?._tag === "CallEnded" ? paid.result : "", "paid 5")
    }).pipe(Effect.provide([copied, handlers, Scripted.over([Scripted.answer([{ text: "done" }])])])))
})
