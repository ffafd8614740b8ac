/**
 * The backend of the page: it holds the key, gives out tokens, and delivers the page with its two worklets.
 *
 * ```sh
 * GEMINI_API_KEY=… node packages/examples/src/voice/server.ts
 * ```
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as AuthTokens from "effect-gemini/live/AuthTokens"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { build } from "esbuild"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import type { Admission } from "./Conversation.ts"

const model = "gemini-3.8-live"

/** Where the page may connect to: its own server, and the Live API. */
const policy = (live: string) =>
  `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${live}; base-uri 'none'; form-action 'none'`

const bundled = Effect.promise(() =>
  build({
    entryPoints: ["page.ts", "captureWorklet.ts", "playbackWorklet.ts"].map((name) => join(import.meta.dirname, name)),
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    outdir: "/",
    logLevel: "silent"
  })
)

const routes = Layer.unwrap(Effect.gen(function*() {
  const { outputFiles } = yield* bundled
  const baseUrl = yield* Config.String("GEMINI_BASE_URL").pipe(Config.withDefault(undefined))
  const tokens = yield* AuthTokens.AuthTokens
  const headers = {
    "content-security-policy": policy(
      baseUrl === undefined ? "wss://generativelanguage.googleapis.com" : baseUrl.replace(/^http/, "ws")
    )
  }
  const file = (path: `/${string}`, contentType: string, body: string) =>
    HttpRouter.add("GET", path, HttpServerResponse.text(body, { contentType, headers }))
  const read = (name: string) => readFileSync(join(import.meta.dirname, name), "utf8")

  const token = Effect.gen(function*() {
    // Whoever gets a token talks at your expense: know your users, and count what each of them takes. The least is that
    // no other site can ask in a user's name.
    const request = yield* HttpServerRequest.HttpServerRequest
    if (request.headers["sec-fetch-site"] !== "same-origin") return HttpServerResponse.empty({ status: 403 })
    const { name } = yield* tokens.create({
      // One session, to be begun within a minute, for half an hour; resuming it is not counted.
      liveConnectConstraints: { model, systemInstruction: "You are a friendly voice. Answer in a sentence or two." },
      // What the constraints leave open is the page's: its functions, transcriptions, and which session it resumes.
      lockAdditionalFields: []
    })
    const admission: Admission = { token: Redacted.value(name), model, baseUrl }
    return HttpServerResponse.jsonUnsafe(admission, { headers: { "cache-control": "no-store" } })
  }).pipe(
    Effect.catchTag(
      "GeminiError",
      (error) => Effect.as(Console.error(error.message), HttpServerResponse.empty({ status: 502 }))
    )
  )

  return Layer.mergeAll(
    file("/", "text/html", read("page.html")),
    file("/page.css", "text/css", read("page.css")),
    ...outputFiles.map(({ path, text }) => file(`/${path.replace(/^.*[/\\]/, "")}`, "text/javascript", text)),
    HttpRouter.add("POST", "/token", token)
  )
}))

/** The whole server on a port; 0 takes any free one. It says where it listens. */
export const layer = (port: number) =>
  Layer.effectDiscard(
    HttpServer.addressFormattedWith((address) => Console.log(`A conversation by voice on ${address}`))
  ).pipe(
    Layer.provideMerge(HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true })),
    Layer.provide(AuthTokens.layerConfig()),
    Layer.provide(NodeHttpServer.layer(createServer, { port, host: "127.0.0.1" }))
  )

if (import.meta.main) {
  NodeRuntime.runMain(Layer.launch(Layer.unwrap(
    Effect.map(Config.Int("PORT").pipe(Config.withDefault(8080)), layer)
  )))
}
