/** An upgrade that is refused over HTTP says why, in the server's words. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Http from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { key, until, watch } from "./liveClient.ts"
import * as LiveServer from "./liveServer.ts"

/** A server that refuses each upgrade by writing this. */
const refusing = (status: number, body: string, headers: ReadonlyArray<string> = []) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly sockets: Set<Socket>; readonly close: () => void }>((resume) => {
      const sockets = new Set<Socket>()
      const server = Http.createServer()
      server.on("connection", (socket) => {
        sockets.add(socket)
        socket.on("error", () => undefined)
        socket.on("close", () => sockets.delete(socket))
      })
      server.on("upgrade", (_, socket) => {
        // Who reads nothing sees no end either, and Node leaves its own half open.
        socket.resume()
        socket.on("end", () => socket.end())
        const head = [`HTTP/1.1 ${status} No`, `content-length: ${Buffer.byteLength(body)}`, ...headers]
        socket.write(`${head.join("\r\n")}\r\n\r\n${body}`)
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        const close = () => {
          server.closeAllConnections()
          for (const socket of sockets) socket.destroy()
          server.close()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, sockets, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const layer = (baseUrl: string) => NodeGemini.layerLive({ apiKey: Redacted.make(key), baseUrl, tier: "tier3" })

const google = (code: number, message: string, status: string) => JSON.stringify({ error: { code, message, status } })

type Row = readonly [status: number, body: string, said: string | undefined, isRetryable: boolean]

const rows: Readonly<Record<string, Row>> = {
  "Google's words": [
    403,
    google(403, "The caller does not have permission", "PERMISSION_DENIED"),
    "The caller does not have permission",
    false
  ],
  "Google's words without the key in them": [
    401,
    google(401, `Consumer 'api_key:${key}' has been suspended.`, "UNAUTHENTICATED"),
    "Consumer 'api_key:<key>' has been suspended.",
    false
  ],
  "quota": [
    429,
    google(429, "Quota exceeded. Please retry in 20s.", "RESOURCE_EXHAUSTED"),
    "Quota exceeded. Please retry in 20s.",
    true
  ],
  "a gateway's JSON": [403, "{\"message\":\"Forbidden\"}", "Forbidden", false],
  "a page": [
    503,
    "<html><head><title>Service down</title></head></html>",
    "the server answered with a page: Service down",
    true
  ],
  "plain text": [404, "no such thing\n", "no such thing", false],
  "nothing": [500, "", undefined, true],
  "a redirect": [302, "moved", "moved", false]
}

describe("an upgrade that is refused", () => {
  it.effect.each(Object.entries(rows))("with %s", ([, [status, body, said, isRetryable]]) =>
    Effect.gen(function*() {
      const server = yield* refusing(status, body)
      const connect = GeminiLive.GeminiLive.use((live) => Effect.scoped(live.connect()))
      const error = yield* Effect.flip(connect).pipe(Effect.provide(layer(server.url)))
      assert.deepInclude(error.reason, {
        _tag: "Connection",
        kind: "refused",
        status,
        ...(said === undefined ? {} : { description: said })
      })
      assert.strictEqual("description" in error.reason, said !== undefined)
      assert.strictEqual(error.isRetryable, isRetryable)
      assert.include(error.message, said ?? String(status))
      yield* until(() => server.sockets.size === 0)
    }))

  it.effect("with a body without an end is not read to it", () =>
    Effect.gen(function*() {
      const server = yield* refusing(403, `so much: ${"x".repeat(1 << 20)}`, ["connection: keep-alive"])
      const connect = GeminiLive.GeminiLive.use((live) => Effect.scoped(live.connect()))
      const { reason } = yield* Effect.flip(connect).pipe(Effect.provide(layer(server.url)))
      assert.strictEqual(reason._tag === "Connection" ? reason.status : undefined, 403)
      assert.isAtMost(reason.message.length, 500)
      assert.include(reason.message, "so much")
      yield* until(() => server.sockets.size === 0)
    }))

  it.effect("for now is dialled again, and for good it ends the session", () => {
    const statuses = [undefined, 503, 503, 401]
    let upgrades = 0
    return Effect.gen(function*() {
      const server = yield* LiveServer.listen({ ...LiveServer.echo, verify: () => statuses[upgrades++] })
      yield* Effect.gen(function*() {
        const live = yield* GeminiLive.GeminiLive
        const session = yield* live.connect({ reconnect: { schedule: Schedule.spaced("1 second") } })
        const { count, end } = yield* watch(session.events)
        server.peers[0]?.ws.terminate()
        for (const attempt of [1, 2, 3]) {
          yield* until(() => count("Reconnecting") === attempt)
          yield* TestClock.adjust("1 second")
        }
        yield* until(() => end() !== undefined)
        const status = yield* session.status
        assert.deepInclude(status._tag === "Closed" ? status.error?.reason : undefined, {
          _tag: "Connection",
          status: 401,
          description: "Unauthorized"
        })
        assert.strictEqual(upgrades, 4)
      }).pipe(Effect.scoped, Effect.provide(layer(server.url)))
    }).pipe(Effect.scoped)
  })
})
