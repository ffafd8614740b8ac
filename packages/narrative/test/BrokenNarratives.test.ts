/** What somebody reads who has made one mistake: the file, the line, the column, and what to do about it. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { narratives } from "./brokenNarratives.ts"
import { folder } from "./runs.ts"

describe("a narrative with a mistake", () => {
  it.effect("is told where it is and what to do, for every kind of mistake", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const said: Array<string> = []
      for (const [name, text] of Object.entries(narratives)) {
        const file = join(directory, "story.toml")
        writeFileSync(file, text)
        const error = yield* Effect.flip(Narrative.fromFile(file))
        for (const { column, hint, line } of error.problems) {
          assert.isAtLeast(line ?? 0, 1, name)
          assert.isAtLeast(column ?? 0, 1, name)
          assert.isDefined(hint, `${name}: ${error.message}`)
        }
        said.push(`# ${name}\n${error.message.replaceAll(`${directory}/`, "")}\n`)
      }
      assert.isAtLeast(said.length, 40)
      yield* Effect.promise(() => expect(said.join("\n")).toMatchFileSnapshot("broken.txt"))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})
