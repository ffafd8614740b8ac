/**
 * FetchGemini keeps on every runtime that is there what `FetchClient.test.ts` and `GeminiHttp.test.ts` ask of it: on Node,
 * Bun and Deno as processes, in Chromium as a page. `BUN` and `DENO` name programs that are not on the path.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { build } from "esbuild"
import { execFile, spawnSync } from "node:child_process"
import { promisify } from "node:util"
import { beforeAll } from "vitest"
import * as Chromium from "../live/chromium.ts"
import * as PromiseServer from "./promiseServer.ts"
import { promisesOfFetch } from "./promisesOfFetch.ts"

const page = `${import.meta.dirname}/../fixtures/fetchPage.ts`

type Told = Readonly<Record<string, unknown>>

/** Nothing can be promised there. */
const unasked = Symbol("unasked")

interface Runtime {
  readonly name: string
  readonly skip: string | undefined
  readonly told: (url: string) => Effect.Effect<unknown>
  /** What the runtime itself withholds, and what is told instead. */
  readonly otherwise: Told
}

const inProcess = (name: string, program: string, args: ReadonlyArray<string>, otherwise: Told): Runtime => ({
  name,
  skip: spawnSync(program, ["--version"]).status === 0 ? undefined : `${name} is not installed`,
  told: (url) =>
    Effect.promise(async () => JSON.parse((await promisify(execFile)(program, [...args, page, url])).stdout)),
  otherwise
})

const bundled = Effect.promise(async () => {
  const { outputFiles } = await build({
    entryPoints: [page],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    logLevel: "silent"
  })
  return outputFiles.map(({ text }) => text).join("")
})

const runtimes: ReadonlyArray<Runtime> = [
  inProcess("Node", process.execPath, [], {}),
  inProcess("Bun", process.env["BUN"] ?? "bun", ["run"], {}),
  inProcess("Deno", process.env["DENO"] ?? "deno", ["run", "--quiet", "--allow-all"], {
    // The error of its fetch has no code.
    "nobody listens: Network with the socket's code": ["Network", null]
  }),
  {
    name: "Chromium",
    skip: Chromium.isInstalled ? undefined : Chromium.skipReason,
    told: (url) =>
      Effect.scoped(
        Effect.flatMap(bundled, (script) => Effect.map(Chromium.open(script, { url }), ({ told }) => told))
      ),
    otherwise: {
      "shows cookies": {},
      // A page does not learn of a redirect more than that there was one.
      "a redirect is shown, and not followed": [0, 0],
      "a redirect is an error, and the key does not follow it": [0, 1, 0],
      "nobody listens: Network with the socket's code": ["Network", null],
      // Chromium reads a body ahead by itself: of a bare fetch whose reader waits it took 64 MB, too (November 2026).
      "a slow reader holds the server back": unasked,
      "a slow consumer slows the server: it stops sending when nobody reads": unasked
    }
  }
]

describe.each(runtimes)("what FetchGemini promises, it keeps on $name", ({ otherwise, skip, told }) => {
  if (skip !== undefined) {
    it.skip(`${skip}: nothing of ${promisesOfFetch.length} promises was asked of it there`, () => undefined)
    return
  }
  let all: Told = {}
  beforeAll(async () => {
    all = Object(await Effect.runPromise(Effect.scoped(Effect.flatMap(PromiseServer.listen, told))))
  }, 90_000)
  for (const promise of promisesOfFetch) {
    const answer = promise.name in otherwise ? otherwise[promise.name] : promise.answer
    if (answer === unasked) continue
    it(promise.name, () => assert.deepStrictEqual(all[promise.name], answer))
  }
})
