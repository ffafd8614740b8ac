import { afterAll, assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import type * as GeminiError from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Net from "node:net"
import * as RawServer from "./rawServer.ts"

const apiKey = Redacted.make("test-key")
const request = { model: "gemini-3.8-flash", contents: [{ role: "user", parts: [{ text: "Hi" }] }] }
const event = RawServer.event(RawServer.answer("a"))
const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"

/** Milliseconds within which the server must see the connection close. */
const limit = 200

const measured: Array<string> = []

/** A server of bare sockets: `connection` says what it does with one; it tells when one closes. */
const listen = (connection: (socket: Net.Socket) => void) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{
        readonly port: number
        readonly server: Net.Server
        readonly sockets: Set<Net.Socket>
        readonly closed: Deferred.Deferred<number>
      }>((resume) => {
        const closed = Deferred.makeUnsafe<number>()
        const sockets = new Set<Net.Socket>()
        const server = Net.createServer({ noDelay: true }, (socket) => {
          sockets.add(socket)
          socket.on("error", () => undefined)
          // FIN or RST: either way the client is gone.
          const gone = () => Deferred.doneUnsafe(closed, Effect.succeed(performance.now()))
          socket.once("end", gone).once("close", gone)
          connection(socket)
        })
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = typeof address === "object" && address !== null ? address.port : 0
          resume(Effect.succeed({ port, server, sockets, closed }))
        })
      }),
      ({ server, sockets }) =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const socket of sockets) socket.destroy()
        })
    ),
    ({ closed, port }) => ({ closed, port })
  )

interface Phase {
  readonly name: string
  readonly protocol: "http" | "https"
  readonly connection: (socket: Net.Socket) => void
  /** Runs until it is interrupted; `reached` is called once the phase is. */
  readonly run: (http: GeminiHttp.Service, reached: () => void) => Effect.Effect<unknown, GeminiError.GeminiError>
}

const onRequest = (socket: Net.Socket, answer: () => void): void => {
  socket.once("data", answer)
}

const phases: ReadonlyArray<Phase> = [
  {
    // TCP stands, the TLS handshake never ends.
    name: "connecting",
    protocol: "https",
    connection: (socket) => void socket.resume(),
    run: (http) => http.generateContent(request)
  },
  {
    name: "waiting for headers",
    protocol: "http",
    connection: (socket) => void socket.resume(),
    run: (http) => http.generateContent(request)
  },
  {
    name: "waiting for headers of a stream",
    protocol: "http",
    connection: (socket) => void socket.resume(),
    run: (http) => Stream.runDrain(http.generateContentStream(request))
  },
  {
    name: "inside a unary body",
    protocol: "http",
    connection: (socket) =>
      onRequest(socket, () => void socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"cand")),
    run: (http) => http.generateContent(request)
  },
  {
    name: "between chunks",
    protocol: "http",
    connection: (socket) => onRequest(socket, () => void socket.write(head + event)),
    run: (http, reached) => Stream.runForEach(http.generateContentStream(request), () => Effect.sync(reached))
  },
  {
    name: "slow consumer",
    protocol: "http",
    connection: (socket) =>
      onRequest(socket, () => {
        socket.write(head)
        const write = () => {
          while (!socket.destroyed && socket.write(event.repeat(100)));
        }
        socket.on("drain", write)
        write()
      }),
    run: (http, reached) =>
      Stream.runForEach(http.generateContentStream(request), () => Effect.andThen(Effect.sync(reached), Effect.never))
  }
]

describe.each([["FetchGemini", FetchGemini.layer], ["NodeGemini", NodeGemini.layerHttp]] as const)(
  "%s: the server sees the connection close within 200 ms of an interrupt",
  (name, layer) => {
    for (const { connection, name: phase, protocol, run } of phases) {
      for (const deadlines of [false, true]) {
        // fetch does not show its sockets: one that still connects lives until Node's own limit of 10 s.
        if (phase === "connecting" && name === "FetchGemini") continue
        it.live(deadlines ? `${phase}, with deadlines set` : phase, () =>
          Effect.gen(function*() {
            const arrived = Deferred.makeUnsafe<void>()
            const reached = () => Deferred.doneUnsafe(arrived, Effect.void)
            const { closed, port } = yield* listen((socket) => {
              // Phases that the client cannot report are reached a little after the server has its bytes.
              if (run.length < 2) socket.once("data", () => setTimeout(reached, 50))
              connection(socket)
            })
            const timeouts = deadlines
              ? { connect: "1 minute", attempt: "1 minute", firstByte: "1 minute", idle: "1 minute" } as const
              : undefined
            const fiber = yield* GeminiHttp.GeminiHttp.use((http) => run(http, reached)).pipe(
              Effect.provide(layer({ apiKey, baseUrl: `${protocol}://127.0.0.1:${port}`, timeouts })),
              Effect.forkChild
            )
            yield* Deferred.await(arrived)
            const start = performance.now()
            // The layer stays open while the fiber ends: closing it would close the socket anyway.
            fiber.interruptUnsafe()
            const elapsed = (yield* Deferred.await(closed)) - start
            yield* Fiber.await(fiber)
            measured.push(`${name}, ${phase}${deadlines ? ", deadlines" : ""}: ${elapsed.toFixed(1)} ms`)
            assert.isBelow(elapsed, limit)
          }))
      }
    }

    it.live("a consumer that breaks off early", () =>
      Effect.gen(function*() {
        const { closed, port } = yield* listen((socket) => onRequest(socket, () => void socket.write(head + event)))
        yield* GeminiHttp.GeminiHttp.use((http) =>
          Effect.gen(function*() {
            yield* Stream.runDrain(Stream.take(http.generateContentStream(request), 1))
            const start = performance.now()
            const elapsed = (yield* Deferred.await(closed)) - start
            measured.push(`${name}, early break: ${elapsed.toFixed(1)} ms`)
            assert.isBelow(elapsed, limit)
          })
        ).pipe(Effect.provide(layer({ apiKey, baseUrl: `http://127.0.0.1:${port}` })))
      }))
  }
)

afterAll(() => void process.stdout.write(`${measured.join("\n")}\n`))
