import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { readFileSync } from "node:fs"
import * as Scripted from "./scripted.ts"

const folder = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped({ prefix: "agent-appends-" }))

/** The tags of the records of each append of the run `r`, without its opening. */
const appends = (directory: string): ReadonlyArray<string> =>
  readFileSync(`${directory}/r/journal.jsonl`, "utf8").trimEnd().split("\n").slice(1).map((line) => {
    const { records }: { readonly records: ReadonlyArray<{ readonly _tag: string }> } = JSON.parse(line)
    return records.map(({ _tag }) => _tag).join(" ")
  })

const over = (directory: string, answers: ReadonlyArray<ReturnType<typeof Scripted.answer>>) =>
  Effect.provide([
    Scripted.over(answers),
    FileJournal.layer({ directory }).pipe(Layer.provide(NodeFileSystem.layer))
  ])

describe("the appends of a run", () => {
  it.live("are two a step: the end of its last call is written with the next question", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const clerk = Agent.make({ name: "clerk", instructions: "You add.", toolkit: Scripted.toolkit })
      const two = [Scripted.call("add", { a: 1, b: 1 }), Scripted.call("add", { a: 2, b: 2 })]
      yield* Agent.run(clerk, "go", { id: "r" }).pipe(
        over(directory, [
          Scripted.answer([Scripted.call("add", { a: 1, b: 2 })]),
          Scripted.answer(two),
          Scripted.answer([{ text: "done" }])
        ])
      )
      assert.deepStrictEqual(appends(directory), [
        "Begun",
        "Asked",
        "Answered CallStarted",
        "CallEnded Asked",
        "Answered CallStarted CallStarted",
        "CallEnded",
        "CallEnded Asked",
        "Answered Finished"
      ])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("hold the end of a call also where the run breaks off before it asks again", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const clerk = Agent.make({
        name: "clerk",
        instructions: "You add.",
        toolkit: Scripted.toolkit,
        until: () => {
          throw new Error("a bug of the program")
        }
      })
      const exit = yield* Effect.exit(
        Agent.run(clerk, "go", { id: "r" }).pipe(
          over(directory, [Scripted.answer([Scripted.call("add", { a: 1, b: 2 })])])
        )
      )
      assert.strictEqual(exit._tag, "Failure")
      assert.deepStrictEqual(appends(directory), ["Begun", "Asked", "Answered CallStarted", "CallEnded"])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))
})
