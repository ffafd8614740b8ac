/** A program that does not use Vertex AI carries nothing of it, and none carries an auth library that it did not ask for. */
import { build } from "esbuild"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const sources = fileURLToPath(new URL("../../../gemini/src/", import.meta.url))

/** The modules whose code is in the bundle of a program. */
const modulesOf = async (contents: string): Promise<ReadonlyArray<string>> => {
  const { metafile } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL("../..", import.meta.url)) },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    write: false,
    metafile: true,
    logLevel: "error",
    plugins: [{
      name: "sources",
      setup: (build) => {
        build.onResolve({ filter: /^effect-gemini\// }, ({ path }) => ({
          path: `${sources}${path.slice("effect-gemini/".length)}.ts`,
          sideEffects: false
        }))
      }
    }]
  })
  return Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path)
  )
}

const isVertex = (path: string): boolean => /gemini\/src\/(?:Vertex|vertex\/|internal\/vertex\/)/.test(path)
const isAuth = (path: string): boolean => /google-auth-library|gcp-metadata|gtoken|gaxios/.test(path)

const oneCall = (layer: string): string => `
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Vertex from "effect-gemini/Vertex"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
GeminiClient.GeminiClient.pipe(
  Effect.flatMap((gemini) => gemini.generate({ contents: "Say hello" })),
  Effect.provide(${layer}),
  Effect.runPromise
)
`

describe("the bundle of a program without Vertex AI", () => {
  const withKey = `{ apiKey: Redacted.make("key") }`

  it.each([
    ["one call", `FetchGemini.layer(${withKey})`],
    ["members", `Members.layer({ members: [{ name: "a" }] }).pipe(Layer.provide(FetchGemini.layerHttpClient))`],
    [
      "resources",
      `Layer.merge(FetchGemini.layer(${withKey}), Layer.provide(ResourceHttp.layer(${withKey}), FetchGemini.layerHttpClient))`
    ]
  ])("has neither its modules nor an auth library: %s", async (_, layer) => {
    const modules = await modulesOf(oneCall(layer))
    assert.isAbove(modules.length, 50)
    assert.deepStrictEqual(modules.filter((path) => isVertex(path) || isAuth(path)), [])
  })

  it("is another one than that of a program with Vertex AI, which has its modules and no auth library", async () => {
    const modules = await modulesOf(
      oneCall(`Vertex.layer({ ...${withKey}, project: "p" }).pipe(Layer.provide(FetchGemini.layerHttpClient))`)
    )
    assert.isAbove(modules.filter(isVertex).length, 5)
    assert.deepStrictEqual(modules.filter(isAuth), [])
  })
})
