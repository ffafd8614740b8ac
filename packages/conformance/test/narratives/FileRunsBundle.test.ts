/** A program that keeps runs in files is bundled without anything of clusters, workflows or databases. */
import { assert, describe, it } from "@effect/vitest"
import { build } from "esbuild"

const program = `
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as FileRuns from "effect-gemini-narrative/FileRuns"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const files = FileRuns.layer({ directory: ".runs" }).pipe(Layer.provide(NodeFileSystem.layer))
const program = Effect.gen(function*() {
  const runs = yield* Runs.Runs
  const story = yield* Narrative.parse("[[acts]]\\nname = \\"draft\\"\\nprompt = \\"Say hello\\"")
  const { end } = yield* runs.start(story, { id: "story-1" })
  return yield* end
}).pipe(Effect.scoped)
Effect.runPromise(Effect.provide(program, [files, FetchGemini.layerConfig()]))
`

/** The modules whose text is in the bundle of a program. */
const modulesOf = async (contents: string): Promise<ReadonlyArray<string>> => {
  const { metafile } = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "esm",
    // A program that is not shown a line of TOML needs no parser with positions.
    external: ["toml-eslint-parser", "redis", "undici", "ws"]
  })
  const [output] = Object.values(metafile.outputs)
  return Object.entries(output?.inputs ?? {}).flatMap(([path, { bytesInOutput }]) => bytesInOutput > 0 ? [path] : [])
}

const foreign =
  /effect\/(?:src|dist)\/(?:cluster|workflow|sql)\/|@effect\/sql|\/(?:Sql|Redis)Journal\.|\/sqlStore\.|ClusterRuns/

describe("a program on FileRuns", () => {
  it("holds no code of clusters, workflows or databases", async () => {
    const modules = await modulesOf(program)
    assert.isTrue(modules.some((path) => path.endsWith("/FileRuns.ts")), "the program is bundled at all")
    assert.deepStrictEqual(modules.filter((path) => foreign.test(path)), [])
  }, 60_000)

  it("would be found out", async () => {
    const modules = await modulesOf(
      `${program}\nimport * as SqlJournal from "effect-gemini-journal/SqlJournal"\nconsole.log(SqlJournal.layer)`
    )
    assert.isNotEmpty(modules.filter((path) => foreign.test(path)))
  }, 60_000)
})
