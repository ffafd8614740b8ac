/** What a bundle of a program holds that has the emulator in memory: nothing that listens, and no admin API. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { rolldown } from "rolldown"

const entry = join(import.meta.dirname, "program.ts")

/** The modules of which something is in the bundle, by their paths. */
const bundled = async (program: string) => {
  assert.isFalse(existsSync(entry))
  const build = await rolldown({
    input: entry,
    platform: "node",
    plugins: [{
      name: "program",
      resolveId: (id) => id === entry ? entry : null,
      load: (id) => id === entry ? program : null
    }]
  })
  const { output } = await build.generate({ format: "es", minify: true, codeSplitting: false })
  await build.close()
  return output.flatMap((file) =>
    file.type === "chunk"
      ? [
        ...Object.entries(file.modules).flatMap(([id, { code }]) => (code ?? "").trim() === "" ? [] : [id]),
        ...file.imports
      ]
      : []
  )
}

const parts = {
  admin: /\/src\/(?:internal\/)?admin\//,
  httpApi: /\/effect\/(?:src|dist)\/http-api\//,
  command: /\/internal\/command\/|\/effect\/(?:src|dist)\/cli\//,
  door: /\/internal\/door\/(?:certificate|der)/,
  listening: /nodeServer\.ts|^(?:node:)?https?$/
}

const found = (modules: ReadonlyArray<string>) =>
  Object.entries(parts).flatMap(([part, pattern]) => modules.some((id) => pattern.test(id)) ? [part] : [])

const program = (layer: string) => `
  import * as Emulator from "effect-gemini-emulator/Emulator"
  import * as Effect from "effect/Effect"
  export const answer = Effect.runPromise(Effect.provide(Emulator.Emulator, ${layer}))
`

describe("a program with the emulator", () => {
  it.each(["Emulator.layerMemory()", "Emulator.layerHttpClient()"])(
    "by %s holds no admin API, and listens nowhere",
    async (layer) => {
      assert.deepStrictEqual(found(await bundled(program(layer))), [])
    }
  )

  it("by Emulator.layerServer holds them, which shows that this test can see them", async () => {
    assert.deepStrictEqual(found(await bundled(program("Emulator.layerServer()"))), [
      "admin",
      "httpApi",
      "door",
      "listening"
    ])
  })
})
