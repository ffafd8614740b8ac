import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { ServerResponse } from "node:http"
import { createGzip, gzipSync } from "node:zlib"
import { WebSocket } from "ws"
import * as LiveServer from "../live/liveServer.ts"
import * as RawServer from "./rawServer.ts"

const apiKey = Redacted.make("test-key")
const model = "gemini-3.8-flash"
const contents = "Hi"
const MiB = 1 << 20

const transports = [["FetchGemini", FetchGemini.layer], ["NodeGemini", NodeGemini.layerHttp]] as const

/** An answer whose JSON has exactly so many bytes. */
const answerOf = (bytes: number): string => {
  const empty = JSON.stringify(RawServer.answer("", "STOP")).length
  return JSON.stringify(RawServer.answer("x".repeat(bytes - empty), "STOP"))
}

/** In one piece, in pieces of 7 bytes, and one byte at a time: as the text comes from the socket. */
const pieces = [Infinity, 7, 1] as const

/** Writes pieces apart, so that they are apart where they are read. */
const write = (response: ServerResponse, body: string, size: number): void => {
  if (size === Infinity) return void response.end(body)
  const next = (at: number): void => {
    if (at >= body.length || response.destroyed) return void response.end()
    response.write(body.slice(at, at + size))
    setImmediate(() => next(at + size))
  }
  next(0)
}

/** What a call gives: "answered", or the reason with its bound. */
const outcome = (call: Effect.Effect<unknown, GeminiError>): Effect.Effect<string> =>
  Effect.match(call, {
    onSuccess: () => "answered",
    onFailure: ({ reason, status }) =>
      reason._tag === "ResponseTooLarge"
        ? `${reason._tag} ${reason.what} ${reason.limit}`
        : `${reason._tag} ${status ?? ""}`
  })

interface Row {
  readonly what: "body" | "event" | "errorBody"
  readonly call: (http: GeminiHttp.Service, options: GeminiHttp.AttemptOptions) => Effect.Effect<unknown, GeminiError>
  /** What is sent, if the counted text is this one. */
  readonly framed: (text: string) => string
  readonly status?: number
  readonly within: string
}

const unary: Row["call"] = (http, options) => http.generateContent({ model, contents }, options)
const stream: Row["call"] = (http, options) => Stream.runDrain(http.generateContentStream({ model, contents }, options))

const rows: Readonly<Record<string, Row>> = {
  "the body of an answer": { what: "body", call: unary, framed: (text) => text, within: "answered" },
  // "data: " is counted, the line's end is not.
  "an event": { what: "event", call: stream, framed: (text) => `data: ${text.slice(6)}\r\n\r\n`, within: "answered" },
  "an event of two lines": {
    what: "event",
    call: stream,
    framed: (text) => `data: ${text.slice(11, -1)}\ndata:${text.slice(-1)}\n\n`,
    within: "answered"
  },
  "an event without an end": {
    what: "event",
    call: stream,
    framed: (text) => `data: ${text.slice(6)}`,
    within: "answered"
  },
  "the second event": {
    what: "event",
    call: stream,
    framed: (text) => `${RawServer.event(RawServer.answer("a"))}data: ${text.slice(6)}\n\n`,
    within: "answered"
  },
  "an object of a JSON stream": { what: "event", call: stream, framed: (text) => `[${text}\r\n]`, within: "answered" },
  "blanks before anything": {
    what: "event",
    call: stream,
    framed: (text) => " ".repeat(text.length),
    within: "StreamInterrupted "
  },
  "the body of an error": {
    what: "errorBody",
    call: unary,
    framed: (text) => text,
    status: 503,
    within: "Overloaded 503"
  },
  "the body of a stream's error": {
    what: "errorBody",
    call: stream,
    framed: (text) => text,
    status: 503,
    within: "Overloaded 503"
  }
}

/** The text that is counted, of so many bytes. */
const counted = (name: string, bytes: number): string =>
  // The frame takes its own bytes from the front: an answer that much shorter stands behind.
  name.startsWith("an event of two")
    ? `${" ".repeat(11)}${answerOf(bytes - 11)}`
    : /event/.test(name)
    ? `${" ".repeat(6)}${answerOf(bytes - 6)}`
    : answerOf(bytes)

describe.each(transports)("each bound over %s", (_, layer) => {
  it.live.each(Object.keys(rows))("one below it, at it, and one byte over: %s", (name) =>
    Effect.gen(function*() {
      const row = rows[name]
      if (row === undefined) return
      const limit = 700
      const bounds: GeminiConfig.Bounds = { body: MiB, event: MiB, errorBody: MiB, [row.what]: limit }
      let next = { body: "", size: Infinity }
      const server = yield* RawServer.listen((_, response) => {
        response.writeHead(row.status ?? 200, { "content-type": "application/json" })
        write(response, next.body, next.size)
      })
      const said: Array<string> = []
      yield* Effect.gen(function*() {
        const http = yield* GeminiHttp.GeminiHttp
        for (const size of pieces) {
          for (const bytes of [limit - 1, limit, limit + 1]) {
            for (const options of [{}, { timeouts: { attempt: "10 seconds" } } as const]) {
              next = { body: row.framed(counted(name, bytes)), size }
              said.push(yield* outcome(row.call(http, options)))
            }
          }
        }
      }).pipe(Effect.provide(layer({ apiKey, baseUrl: server.url, bounds })))
      const over = `ResponseTooLarge ${row.what} ${limit}`
      const expected = [row.within, row.within, row.within, row.within, over, over]
      assert.deepStrictEqual(said, [...expected, ...expected, ...expected])
    }))

  it.live("who sends without end is cut off, with no more than the bound in memory", () =>
    Effect.gen(function*() {
      const piece = Buffer.alloc(1 << 16, "x")
      const most = 512 * MiB
      let sent = 0
      const closed: Array<Promise<void>> = []
      const server = yield* RawServer.listen((request, response) => {
        const isStream = request.url?.includes("stream") === true
        response.writeHead(request.url?.includes("countTokens") === true ? 500 : 200)
        response.write(isStream ? "data: " : "{\"a\":\"")
        sent = 0
        closed.push(new Promise((resolve) => response.once("close", resolve)))
        const more = (): void => {
          while (!response.destroyed && sent < most) {
            sent += piece.length
            if (!response.write(piece)) return void response.once("drain", more)
          }
          response.end()
        }
        more()
      })
      const bounds = { body: MiB, event: MiB, errorBody: MiB }
      const calls = [
        unary,
        stream,
        (http: GeminiHttp.Service) => http.countTokens({ model, contents })
      ]
      const said: Array<unknown> = []
      yield* Effect.gen(function*() {
        const http = yield* GeminiHttp.GeminiHttp
        for (const call of calls) {
          const name = yield* outcome(call(http, {}))
          yield* Effect.promise(() => closed.at(-1) ?? Promise.resolve())
          // Beyond the bound lies what the sockets of both sides hold.
          said.push([name, sent < 24 * MiB ? "cut off" : `${sent} bytes sent`])
        }
      }).pipe(Effect.provide(layer({ apiKey, baseUrl: server.url, bounds })))
      assert.deepStrictEqual(said, [
        [`ResponseTooLarge body ${MiB}`, "cut off"],
        [`ResponseTooLarge event ${MiB}`, "cut off"],
        [`ResponseTooLarge errorBody ${MiB}`, "cut off"]
      ])
    }), 20_000)

  it.live("a body that its reader read before is not read twice, and counted all the same", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) => void response.end(answerOf(701)))
      const read: Array<number> = []
      const transformClient = HttpClient.tap((response) =>
        Effect.map(Effect.orDie(response.text), (text) => void read.push(text.length))
      )
      if (layer === FetchGemini.layer) return
      const call = (body: number) =>
        Effect.provide(
          GeminiHttp.GeminiHttp.use((http) => outcome(http.generateContent({ model, contents }))),
          layer({ apiKey, baseUrl: server.url, bounds: { body }, transformClient }),
          { local: true }
        )
      assert.deepStrictEqual([yield* call(701), yield* call(700)], ["answered", "ResponseTooLarge body 700"])
      assert.deepStrictEqual(read, [701, 701])
    }))
})

describe("of what is compressed the inflated bytes are counted", () => {
  it.live("at the bound and one over", () =>
    Effect.gen(function*() {
      let body = ""
      const server = yield* RawServer.listen((_, response) => {
        response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(body))
      })
      const said: Array<string> = []
      for (const bytes of [5_000, 5_001]) {
        body = answerOf(bytes)
        said.push(
          yield* Effect.provide(
            GeminiHttp.GeminiHttp.use((http) => outcome(http.generateContent({ model, contents }))),
            FetchGemini.layer({ apiKey, baseUrl: server.url, bounds: { body: 5_000 } }),
            { local: true }
          )
        )
      }
      assert.deepStrictEqual(said, ["answered", "ResponseTooLarge body 5000"])
    }))

  it.live("a small file that is 300 MiB does not become them", () =>
    Effect.gen(function*() {
      const bomb = yield* Effect.promise(() =>
        new Promise<Buffer>((resolve) => {
          const out: Array<Buffer> = []
          const gzip = createGzip({ level: 9 })
          gzip.on("data", (piece: Buffer) => void out.push(piece)).on("end", () => resolve(Buffer.concat(out)))
          const zeros = Buffer.alloc(MiB, "x")
          for (let i = 0; i < 300; i++) gzip.write(zeros)
          gzip.end()
        })
      )
      const server = yield* RawServer.listen((_, response) => {
        response.writeHead(200, { "content-encoding": "gzip" }).end(bomb)
      })
      const before = process.memoryUsage().rss
      let peak = 0
      const timer = setInterval(() => {
        peak = Math.max(peak, process.memoryUsage().rss)
      }, 5)
      const call = (call: Row["call"]) =>
        Effect.provide(
          GeminiHttp.GeminiHttp.use((http) => outcome(call(http, {}))),
          FetchGemini.layer({ apiKey, baseUrl: server.url, bounds: { body: 8 * MiB, event: 8 * MiB } })
        )
      const said = [yield* call(unary), yield* call(stream)]
      clearInterval(timer)
      assert.deepStrictEqual(said, [`ResponseTooLarge body ${8 * MiB}`, `ResponseTooLarge event ${8 * MiB}`])
      assert.isBelow(peak - before, 200 * MiB)
    }), 20_000)
})

it.live("half a megabyte of titles in an error stops nothing", () =>
  Effect.gen(function*() {
    const pages = ["<title", "<title>", "<TITLE a=", "<html>", " ", "\\", "retry in 1", "AIza-"]
    let page = ""
    const server = yield* RawServer.listen((_, response) => void response.writeHead(502).end(page))
    const took: Array<number> = []
    yield* Effect.gen(function*() {
      const http = yield* GeminiHttp.GeminiHttp
      for (const each of pages) {
        page = each.repeat((MiB / 2) / each.length)
        const from = process.cpuUsage()
        const error = yield* Effect.flip(http.generateContent({ model, contents }))
        const { system, user } = process.cpuUsage(from)
        took.push((user + system) / 1000)
        assert.strictEqual(error.reason._tag, "ServerError")
        assert.isBelow(error.message.length, 1_000)
      }
    }).pipe(
      Effect.provide(NodeGemini.layerHttp({ apiKey, baseUrl: server.url, bounds: { errorBody: MiB } }))
    )
    assert.isBelow(Math.max(...took), 1_000)
  }))

describe("a Live session's message", () => {
  const live = (url: string, frame: number) => NodeGemini.layerLive({ apiKey, baseUrl: url, bounds: { frame } })
  const told = { serverContent: { modelTurn: { role: "model", parts: [{ text: "" }] } } }
  /** A message of exactly so many bytes. */
  const messageOf = (bytes: number): string =>
    JSON.stringify(told).replace("\"text\":\"\"", `"text":"${"x".repeat(bytes - JSON.stringify(told).length)}"`)

  /** Whole, and in fragments of 100 bytes. */
  const sends: ReadonlyArray<(ws: WebSocket, text: string) => void> = [
    (ws, text) => ws.send(text),
    (ws, text) => {
      for (let at = 0; at < text.length; at += 100) {
        ws.send(text.slice(at, at + 100), { fin: at + 100 >= text.length })
      }
    }
  ]

  it.live("one below the bound, at it, and one byte over, whole and in fragments", () =>
    Effect.gen(function*() {
      const said: Array<string> = []
      for (const send of sends) {
        for (const bytes of [999, 1_000, 1_001]) {
          const server = yield* LiveServer.listen({
            message: (peer) => {
              send(peer.ws, messageOf(bytes))
              peer.send({ serverContent: { turnComplete: true } })
            }
          })
          said.push(
            yield* GeminiLive.GeminiLive.use((live) => Effect.flatMap(live.connect(), (session) => session.ask("Hi")))
              .pipe(
                Effect.match({
                  onSuccess: () => "answered",
                  onFailure: ({ reason }) => reason._tag === "ResponseTooLarge" ? `${reason.message}` : reason._tag
                }),
                Effect.scoped,
                Effect.provide(live(server.url, 1_000), { local: true })
              )
          )
        }
      }
      const over = "the server sent a message of more than 1000 bytes, which was not read: look at who answers at " +
        "baseUrl, or raise bounds.frame"
      assert.deepStrictEqual(said, ["answered", "answered", over, "answered", "answered", over])
    }))

  it.live("fragments without end are cut off", () =>
    Effect.gen(function*() {
      let sent = 0
      const server = yield* LiveServer.listen({
        message: ({ ws }) => {
          const piece = "x".repeat(1 << 16)
          const more = (): void => {
            if (ws.readyState !== WebSocket.OPEN || sent > 512 * MiB) return
            sent += piece.length
            ws.send(piece, { fin: false }, more)
          }
          more()
        }
      })
      const error = yield* GeminiLive.GeminiLive.use((live) =>
        Effect.flip(Effect.flatMap(live.connect(), (session) => session.ask("Hi")))
      ).pipe(Effect.scoped, Effect.provide(live(server.url, MiB)))
      assert.deepInclude(error.reason, { _tag: "ResponseTooLarge", what: "frame", limit: MiB })
      assert.isFalse(error.isRetryable)
      assert.isBelow(sent, 24 * MiB)
    }))

  it.live("who never completes the setup is cut off at inboundLimit", () =>
    Effect.gen(function*() {
      let sent = 0
      const server = yield* LiveServer.listen({
        message: () => undefined,
        setup: ({ ws }) => {
          const text = messageOf(1 << 16)
          const more = (): void => {
            if (ws.readyState !== WebSocket.OPEN || sent > 512 * MiB) return
            sent += text.length
            ws.send(text, more)
          }
          more()
        }
      })
      const error = yield* GeminiLive.GeminiLive.use((live) => Effect.flip(live.connect({ inboundLimit: MiB }))).pipe(
        Effect.scoped,
        Effect.provide(live(server.url, MiB))
      )
      assert.deepInclude(error.reason, { _tag: "ResponseTooLarge", what: "setup", limit: MiB })
      assert.isBelow(sent, 24 * MiB)
    }))

  it.live("a message before the setup is complete is kept, up to that bound", () =>
    Effect.gen(function*() {
      const early = messageOf(900)
      const server = yield* LiveServer.listen({
        message: (peer) => peer.send({ serverContent: { turnComplete: true } }),
        setup: (peer) => {
          peer.ws.send(early)
          peer.send({ setupComplete: {} })
        }
      })
      const open = (inboundLimit: number) =>
        GeminiLive.GeminiLive.use((live) => live.connect({ inboundLimit })).pipe(
          Effect.match({ onSuccess: () => "open", onFailure: ({ reason }) => reason._tag }),
          Effect.scoped,
          Effect.provide(live(server.url, MiB), { local: true })
        )
      // Each message costs 64 bytes beside its own.
      assert.deepStrictEqual([yield* open(964), yield* open(963)], ["open", "ResponseTooLarge"])
    }))
})

it("bounds that cannot be meant are named", () => {
  const fields = [0, -1, 1.5, NaN, Infinity, 0x1fffffe9].map((body) =>
    GeminiConfig.problem({ bounds: { body } })?.field
  )
  assert.deepStrictEqual(fields, fields.map(() => "bounds.body"))
  assert.isUndefined(GeminiConfig.problem({ bounds: { body: 1, event: 0x1fffffe8, frame: undefined } }))
})
