/** What is secret is in no line of a cassette and in no log, wherever it stood and wherever it was cut. */
import { assert, describe, it } from "@effect/vitest"
import type * as Answer from "effect-gemini-emulator/Answer"
import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { mkdtempSync, readFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { WebSocketServer } from "ws"
import { seedOf, sizeOf } from "../../../../scripts/proof.ts"
import * as Report from "../../src/internal/command/report.ts"
import * as Tapes from "../../src/internal/command/tapes.ts"
import * as Dice from "../../src/internal/Dice.ts"
import { type Planted, planted, value } from "./planted.ts"
import { type Call, live, rawCall } from "./wireClient.ts"

const temporary = () => join(mkdtempSync(join(tmpdir(), "cassette-secrets-")), "cassette.jsonl")

const redaction: Cassette.Redaction = { values: [Redacted.make(value)], variables: [] }

const model = "/v1beta/models/gemini-3.8-flash"

interface Asked {
  readonly where: "text" | "args" | "pieces" | "error" | "plain"
  readonly secret: string
  readonly cut: number
}

const event = (part: unknown, more: object = {}): string =>
  `data: ${JSON.stringify({ candidates: [{ content: { role: "model", parts: [part] }, index: 0, ...more }] })}\r\n\r\n`

/** What the upstream says: the secret, cut at a place between two chunks, or with a piece of the body that ends there. */
const answer = ({ cut, secret, where }: Asked): NonNullable<Answer.RawAnswer["body"]> => {
  const [before, after] = [secret.slice(0, cut), secret.slice(cut)]
  switch (where) {
    case "text":
      return [event({ text: `Look: ${before}` }), event({ text: `${after} and on.` }, { finishReason: "STOP" })]
    case "args": {
      const text = event({ functionCall: { name: "send", args: { to: `x ${secret} y`, list: [{ of: secret }] } } })
      const place = text.indexOf(JSON.stringify(secret).slice(1, -1)) + cut
      return [text.slice(0, place), text.slice(place)]
    }
    case "pieces":
      return [
        event({
          functionCall: {
            name: "send",
            partialArgs: [{ jsonPath: "$.to", stringValue: `x ${before}` }],
            willContinue: true
          }
        }),
        event({ functionCall: { partialArgs: [{ jsonPath: "$.to", stringValue: `${after} y` }] } })
      ]
    case "error":
      return `${
        JSON.stringify({ error: { code: 400, message: `Not valid: ${secret}.`, status: "INVALID_ARGUMENT" } }, null, 2)
      }\n`
    case "plain":
      return `<html><body>${before}<!-- -->${secret} refused</body></html>`
  }
}

const upstream = Emulator.layerServer({
  judge: false,
  answers: ({ body }) => {
    const asked = body as { readonly asked: Asked }
    const isError = asked.asked.where === "error" || asked.asked.where === "plain"
    return {
      raw: {
        status: isError ? 400 : 200,
        headers: {
          "content-type": asked.asked.where === "plain"
            ? "text/html"
            : isError
            ? "application/json"
            : "text/event-stream",
          "x-trace": asked.asked.secret.replaceAll("\n", "")
        },
        body: answer(asked.asked)
      }
    }
  }
})

const call = (asked: Asked): Call => ({
  method: "POST",
  url: `${model}:streamGenerateContent?alt=sse&key=${encodeURIComponent(asked.secret)}&user=${
    encodeURIComponent(asked.secret)
  }`,
  headers: {
    "content-type": "application/json",
    "x-goog-upload-file-name": asked.secret.replaceAll("\n", ""),
    authorization: `Bearer ${asked.secret.replaceAll("\n", "")}`,
    "x-user": asked.secret.replaceAll("\n", "")
  },
  body: Buffer.from(JSON.stringify({
    asked,
    contents: [{
      role: "user",
      parts: [{ text: `I am ${asked.secret}!` }, {
        functionResponse: { name: "who", response: { [asked.secret]: [asked.secret] } }
      }]
    }]
  }))
})

/** What is left of a secret in a text: itself as it is, as JSON writes it, or as a query does. */
const leaks = (text: string, { secret }: Planted): boolean =>
  [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), secret.replaceAll("\n", "")].some((form) =>
    text.includes(form)
  )

/** All texts of a cassette, joined over the chunks as a reader would read them. */
const readable = (text: string): string =>
  text.split("\n").filter((line) => line.startsWith("{\"n\"")).map((line) => {
    const { frames = [], request, response } = JSON.parse(line)
    const all = [
      ...(response?.chunks ?? []).map(([, piece]: [number, string]) => piece),
      ...frames.map((frame: ReadonlyArray<unknown>) => frame[3])
    ].join("")
    const joined = [...all.matchAll(/"(?:text|stringValue)":("(?:[^"\\]|\\.)*")/g)].map(([, each]) =>
      JSON.parse(each ?? "\"\"")
    ).join("")
    return `${all}\n${joined}\n${request?.body ?? ""}\n${request?.path ?? ""}`
  }).join("\n")

const recorder = (file: string, to: string) =>
  Layer.unwrap(
    Effect.map(Cassette.open({ file, mode: "new", upstream: to, redaction, allowRecord: true }), (cassette) =>
      Emulator.layerServer({ cassette }))
  )

/** Every place of a text, or some of them where the test is not the proof. */
const places = (text: string, step: number) => cuts(text).filter((place) => place % step === text.length % step)

const cuts = (text: string) => Array.from({ length: text.length + 1 }, (_, i) => i)

const surfaces = ["the log", "the admin API, which the page shows", "the console"]

/** What the admin API says of the space: its requests with their bytes, what happened, Live, and the cassette. */
const told = Effect.fnUntraced(function*(url: string) {
  const get = (path: string) =>
    Effect.promise(() => fetch(`${url}/_emulator/v1/spaces/default${path}`).then((response) => response.text()))
  let texts = `${yield* get("/live")}${yield* get("/cassette")}${yield* get("/counters")}`
  for (let after = -1;;) {
    const page = yield* get(`/requests?limit=1000&chunks=true&after=${after}`)
    const { requests } = JSON.parse(page)
    if (requests.length === 0) break
    after = requests.at(-1).id
    texts += page
  }
  const events = yield* Effect.promise(async () => {
    const response = await fetch(`${url}/_emulator/v1/spaces/default/events`, { headers: { "last-event-id": "0" } })
    const reader = response.body?.getReader()
    const first = await reader?.read()
    await reader?.cancel()
    return Buffer.from(first?.value ?? new Uint8Array()).toString("utf8")
  })
  return texts + events
})

/** What the command says at the end of a run, and what a client hears of each secret that it asks for in vain. */
const said = Effect.fnUntraced(function*(emulator: Emulator.Service, file: string, secrets: ReadonlyArray<string>) {
  const report = Report.report([{ space: "default", entries: yield* emulator.requests, rules: [], waiting: 0 }])
  const cassette = yield* Cassette.open({ file, redaction })
  const heard = yield* Effect.gen(function*() {
    const { url } = yield* Emulator.Emulator
    const body = (secret: string) => Buffer.from(JSON.stringify({ asked: { other: secret }, [secret]: secret }))
    const got = yield* Effect.forEach(
      secrets,
      (secret) => rawCall(url, { ...call({ where: "text", secret, cut: 0 }), body: body(secret) })
    )
    return got.map(({ pieces }) => Buffer.concat(pieces).toString("utf8")).join("\n")
  }).pipe(Effect.provide(Emulator.layerServer({ cassette }), { local: true }))
  return `${report.text}\n${heard}\n${yield* Tapes.ending(cassette)}\n${JSON.stringify(yield* cassette.summary)}`
})

describe("secrets", () => {
  it.live("that go to a remote MCP server in its headers, and those that sign webhooks, are in no line, whatever they look like", () =>
    Effect.gen(function*() {
      const file = temporary()
      const server = yield* Effect.acquireRelease(
        Effect.callback<Server>((resume) => {
          const made: Server = createServer((request, response) => {
            response.setHeader("content-type", "application/json")
            response.end(request.url?.includes("webhooks") ? `{"id":"w","new_signing_secret":"plain-signing"}` : "{}")
          }).listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const address = server.address()
      const to = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
      const send = (url: string, path: string, body: unknown) =>
        rawCall(url, {
          method: "POST",
          url: path,
          headers: { "content-type": "application/json" },
          body: Buffer.from(JSON.stringify(body))
        })
      const mcp = {
        type: "mcp_server",
        url: "https://mcp.example/mcp",
        headers: { "X-Any": "plain-one", a: "plain-two" }
      }
      const asked = [
        ["/v1beta/interactions", { model: "gemini-3.8-flash", input: "Hi", tools: [mcp] }],
        [`${model}:generateContent`, {
          contents: [],
          tools: [{ mcpServers: [{ streamableHttpTransport: { url: "u", headers: { "X-Any": "plain-three" } } }] }]
        }],
        ["/v1beta/webhooks", { uri: "https://me.example", subscribed_events: [] }]
      ] as const
      yield* Effect.gen(function*() {
        const { url } = yield* Emulator.Emulator
        for (const [path, body] of asked) yield* send(url, path, body)
      }).pipe(Effect.provide(recorder(file, to), { local: true }))
      const cassette = readFileSync(file, "utf8")
      assert.deepStrictEqual([...cassette.matchAll(/plain-\w+/g)].map(([found]) => found), [])
      assert.strictEqual(cassette.includes("X-Any"), true)
      assert.deepStrictEqual(yield* Cassette.check(file, redaction), [])
      // The same requests with the real headers are found again.
      const played = yield* Cassette.open({ file, redaction })
      yield* Effect.gen(function*() {
        const { url } = yield* Emulator.Emulator
        for (const [path, body] of asked) assert.strictEqual((yield* send(url, path, body)).status, 200)
      }).pipe(Effect.provide(Emulator.layerServer({ cassette: played }), { local: true }))
    }).pipe(Effect.scoped))

  it.live(
    "thirty of them, each cut at every place of a stream, are in no line of a cassette and in no log",
    () =>
      Effect.gen(function*() {
        const file = temporary()
        const { url: to } = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(upstream)))
        const emulator = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(recorder(file, to))))
        for (const { text } of planted) {
          const all: Array<Asked> = []
          for (const cut of places(text, sizeOf("26.3", { test: 4, prove: 1 }))) {
            for (const where of ["text", "args", "pieces"] as const) all.push({ where, secret: text, cut })
          }
          all.push({ where: "error", secret: text, cut: 0 }, { where: "plain", secret: text, cut: 0 })
          const got = yield* Effect.forEach(all, (asked) => rawCall(emulator.url, call(asked)), { concurrency: 8 })
          // The client itself gets what the server said.
          for (const [i, { pieces }] of got.entries()) {
            const asked = all[i]
            const body = asked === undefined ? "" : answer(asked)
            assert.strictEqual(
              Buffer.concat(pieces).toString("utf8"),
              typeof body === "string" ? body : Array.isArray(body) ? body.join("") : ""
            )
          }
        }
        const cassette = readFileSync(file, "utf8")
        const log = JSON.stringify(yield* emulator.requests)
        const others = [log, yield* told(emulator.url), yield* said(emulator, file, planted.map(({ text }) => text))]
        const found = planted.flatMap((each) => [
          ...(leaks(cassette, each) || leaks(readable(cassette), each) ? [`${each.name} in the cassette`] : []),
          ...others.flatMap((text, i) => leaks(text, each) ? [`${each.name} in ${surfaces[i]}`] : [])
        ])
        assert.deepStrictEqual(found, [])
        assert.deepStrictEqual(yield* Cassette.check(file, redaction), [])
      }).pipe(Effect.scoped),
    120_000
  )

  it.live(
    "said over the messages of a Live session, in its address and its headers, too",
    () =>
      Effect.gen(function*() {
        const file = temporary()
        const server = yield* Effect.acquireRelease(
          Effect.callback<WebSocketServer>((resume) => {
            const made: WebSocketServer = new WebSocketServer(
              { host: "127.0.0.1", port: 0 },
              () => resume(Effect.succeed(made))
            )
          }),
          (server) => Effect.sync(() => server.close())
        )
        server.on("connection", (ws) => {
          ws.once("message", (data) => {
            const { secret } = JSON.parse(String(data))
            const say = (text: string) => ws.send(JSON.stringify({ serverContent: { outputTranscription: { text } } }))
            for (const cut of cuts(secret)) {
              say(`and ${secret.slice(0, cut)}`)
              say(`${secret.slice(cut)} then `)
            }
            ws.close(1008, `No: ${secret}`.slice(0, 120))
          })
        })
        const address = server.address()
        const to = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
        const emulator = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(recorder(file, to))))
        for (const { text } of planted) {
          const frames = yield* live(emulator.url, {
            n: 1,
            live: {
              path: `/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=${
                encodeURIComponent(text)
              }&access_token=${encodeURIComponent(text)}`,
              headers: {}
            },
            frames: [[
              0,
              "c",
              "text",
              JSON.stringify({ secret: text, setup: { systemInstruction: { parts: [{ text }] } } })
            ], ...Array.from({ length: 2 * text.length + 2 }, () => [0, "s", "text", ""] as const)]
          })
          assert.strictEqual(frames.length, 2 * text.length + 2)
        }
        const cassette = readFileSync(file, "utf8")
        const others = `${JSON.stringify(yield* emulator.live.connections)}\n${yield* told(emulator.url)}`
        assert.deepStrictEqual(
          planted.filter((each) => leaks(cassette, each) || leaks(readable(cassette), each) || leaks(others, each)).map(
            ({ name }) => name
          ),
          []
        )
        assert.deepStrictEqual(yield* Cassette.check(file, redaction), [])
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "a request finds its recording with the secrets in it, whatever else was asked before",
    () =>
      Effect.gen(function*() {
        const dice = Dice.make(String(seedOf("26.3", 2603)))
        const any = (most: number) => dice.int(0, most - 1)
        const words = () =>
          Array.from({ length: any(12) }, () => String.fromCodePoint(32 + any(any(4) === 0 ? 50_000 : 95))).join("")
        for (let run = 0; run < sizeOf("26.3", { test: 15, prove: 300 }); run++) {
          const file = temporary()
          const calls = Array.from({ length: 1 + any(5) }, (_, n): Call => {
            const secret = planted[any(planted.length)]?.text ?? ""
            const asked: Asked = { where: "text", secret, cut: any(secret.length + 1) }
            const body = JSON.stringify({ asked, n, text: `${words()} ${secret} ${words()}` })
            return { ...call(asked), body: Buffer.from(body) }
          })
          yield* Effect.gen(function*() {
            const { url: to } = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(upstream)))
            yield* Effect.gen(function*() {
              const { url } = yield* Emulator.Emulator
              for (const each of calls) yield* rawCall(url, each)
            }).pipe(Effect.provide(recorder(file, to), { local: true }))
            const cassette = yield* Cassette.open({ file, redaction })
            const statuses = yield* Effect.gen(function*() {
              const { url } = yield* Emulator.Emulator
              const order = any(2) === 0 ? calls.toReversed() : calls
              return yield* Effect.forEach(order, (each) => Effect.map(rawCall(url, each), ({ status }) => status))
            }).pipe(Effect.provide(Emulator.layerServer({ cassette }), { local: true }))
            assert.deepStrictEqual(statuses, statuses.map(() => 200), (yield* cassette.summary).misses.join("\n"))
          }).pipe(Effect.scoped)
        }
      }),
    300_000
  )

  it.live("a check with fields and patterns of one's own finds them where they were not taken out, and nowhere else", () =>
    Effect.gen(function*() {
      const own: Cassette.Redaction = { ...redaction, patterns: [/BADGE-\d+/], paths: ["asked.secret"] }
      const body = Buffer.from(
        JSON.stringify({ asked: { where: "text", secret: "my name", cut: 3 }, note: "BADGE-77" })
      )
      const recorded = Effect.fnUntraced(function*(redaction: Cassette.Redaction) {
        const file = temporary()
        const { url: to } = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(Layer.fresh(upstream))))
        const cassette = yield* Cassette.open({ file, mode: "record", upstream: to, redaction, allowRecord: true })
        const server = Layer.fresh(Emulator.layerServer({ cassette }))
        const { url } = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(server)))
        yield* rawCall(url, { ...call({ where: "text", secret: "x", cut: 0 }), body })
        return file
      })
      const without = yield* recorded(redaction)
      const found = (yield* Cassette.check(without, own)).map(({ kind, line, where }) => [line, kind, where])
      assert.deepInclude(found, [2, "OWN", "the request"])
      assert.isAbove(found.length, 1)
      const clean = yield* recorded(own)
      assert.deepStrictEqual(yield* Cassette.check(clean, own), [])
      const text = readFileSync(clean, "utf8")
      assert.notInclude(text, "BADGE-77")
      assert.include(text, "REDACTED_FIELD_1")
    }).pipe(Effect.scoped))
})
