/** What a program loads before its first answer: of undici only what a call needs, on paths that undici does not promise. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import Undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { build } from "esbuild"
import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { createRequire } from "node:module"
import { join } from "node:path"
import { promisify } from "node:util"
import * as DispatchClient from "../../../gemini/src/internal/http/dispatchClient.ts"
import * as RawServer from "./rawServer.ts"

const rawBody = `
  import * as NodeGemini from "effect-gemini/NodeGemini"
  import * as Effect from "effect/Effect"
  import * as HttpBody from "effect/http/HttpBody"
  import * as HttpClient from "effect/http/HttpClient"
  import * as HttpClientRequest from "effect/http/HttpClientRequest"
  const request = HttpClientRequest.setBody(HttpClientRequest.post(process.argv[2]), HttpBody.raw("raw"))
  process.stdout.write(await Effect.runPromise(HttpClient.execute(request).pipe(
    Effect.flatMap(({ text }) => text),
    Effect.catchTag("HttpClientError", ({ reason }) => Effect.succeed(reason._tag + ": " + String(reason.cause))),
    Effect.provide(NodeGemini.layerHttpClient())
  )))
`

interface Told {
  readonly byCall: ReadonlyArray<string>
  readonly byStream: ReadonlyArray<string>
  readonly echoed: string
}

describe("what a call over NodeGemini loads", () => {
  it("undici still keeps its agent and its connector where they are looked for", () => {
    const load: (path: string) => unknown = createRequire(import.meta.url)
    assert.strictEqual(load("undici/lib/dispatcher/agent.js"), Undici.Agent)
    assert.strictEqual(load("undici/lib/core/connect.js"), Undici.buildConnector)
  })

  it("the tag of a dispatcher is Effect's own", () => {
    assert.strictEqual(DispatchClient.Dispatcher.key, NodeHttpClient.Dispatcher.key)
  })

  const told = (...flags: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((request, response, body) => {
        if (request.url === "/echo") response.end(body)
        else RawServer.json(response, RawServer.answer("a", "STOP"))
      })
      const { stdout } = yield* Effect.promise(() =>
        promisify(execFile)(process.execPath, [...flags, `${import.meta.dirname}/../fixtures/loads.ts`, server.url])
      )
      const said: Told = JSON.parse(stdout)
      return said
    })

  it.live(
    "an agent and what it is made of, also where a body streams",
    () =>
      Effect.gen(function*() {
        const { byCall, byStream, echoed } = yield* told()
        assert.include(byCall, "lib/dispatcher/agent")
        for (const module of ["index", "lib/api/index", "lib/web/fetch/index", "lib/dispatcher/proxy-agent"]) {
          assert.notInclude(byCall, module)
        }
        assert.isAtMost(byCall.length, 40)
        assert.strictEqual(echoed, "streamed")
        assert.notInclude(byStream, "index")
      }),
    30_000
  )

  it.live(
    "nothing of its optional peer; a body that streams says that it needs it",
    () =>
      Effect.gen(function*() {
        const absent = `import { registerHooks } from "node:module"
registerHooks({
  resolve: (name, context, next) => {
    if (name.startsWith("@effect/platform-node")) throw new Error(name + " is not installed")
    return next(name, context)
  }
})`
        const { byCall, echoed } = yield* told("--import", `data:text/javascript,${encodeURIComponent(absent)}`)
        assert.include(byCall, "lib/dispatcher/agent")
        assert.match(echoed, /^EncodeError: .*need @effect\/platform-node/s)
      }),
    30_000
  )

  it.live(
    "its optional peer for a raw body of a program that is one file, whose agent is of another undici than the peer's",
    () =>
      Effect.gen(function*() {
        const server = yield* RawServer.listen((_, response, body) => response.end(body))
        // The peer is looked for where the file lies.
        const folder = yield* Effect.acquireRelease(
          Effect.promise(() => mkdtemp(join(import.meta.dirname, "../../node_modules/.loaded-"))),
          (folder) => Effect.promise(() => rm(folder, { recursive: true }))
        )
        const outfile = join(folder, "program.mjs")
        yield* Effect.promise(() =>
          build({
            stdin: { contents: rawBody, resolveDir: import.meta.dirname, loader: "ts" },
            banner: {
              js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"
            },
            bundle: true,
            outfile,
            format: "esm",
            platform: "node",
            logLevel: "silent"
          })
        )
        const { stdout } = yield* Effect.promise(() => promisify(execFile)(process.execPath, [outfile, server.url]))
        assert.strictEqual(stdout, "raw")
      }),
    30_000
  )
})
