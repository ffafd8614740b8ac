/**
 * The server that `httpPromises.ts` and `fetchPromises.ts` are asked against, by whatever client and wherever it runs. The
 * first part of a path names the promise, and says how it is answered; what the server saw there is told under
 * `/told?NAME`.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import { methodReplies } from "./methodReplies.ts"
import * as RawServer from "./rawServer.ts"

/** What the server saw of one promise: the requests, and of their answers the bytes written and those not ended by it. */
export interface Seen {
  readonly requests: RawServer.RawServer["requests"]
  readonly closed: number
  readonly written: number
}

/** What a page of another origin may do. Without a type a browser keeps a short body back, to guess what it is. */
const allowed = {
  "content-type": "text/event-stream",
  "x-content-type-options": "nosniff",
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "*",
  "access-control-allow-methods": "*",
  "access-control-expose-headers": "*"
}

type Answer = (response: Http.ServerResponse, path: string, nth: number, wrote: (bytes: number) => void) => void

/** Writes until nobody takes more, at most 64 MB. */
const flood = (piece: string | Buffer): Answer => (response, _, __, wrote) => {
  let written = 0
  const more = (): void => {
    while (written < 64 << 20) {
      written += piece.length
      wrote(piece.length)
      if (!response.write(piece)) return void response.once("drain", more)
    }
    response.end()
  }
  more()
}

const held: Answer = (response) => void response.writeHead(200).write("piece")

/** What is cut where: a body in its middle, and others that are no answer. */
const noAnswers: ReadonlyArray<Answer> = [
  (response) => response.end(),
  (response) => response.writeHead(204).end(),
  (response) => response.end("{\"candidates\": ["),
  (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
  (response) => {
    response.writeHead(200, { "content-length": "100" }).write("{\"candidates\"")
    setTimeout(() => response.destroy(), 20)
  }
]

const body = (type: string, text: string): Answer => (response) => {
  response.writeHead(200, { "content-type": type }).end(text)
}

const answers: Readonly<Record<string, Answer>> = {
  teapot: (response) =>
    void response.writeHead(418, { "x-one": "1", "set-cookie": ["a=b", "c=d; Path=/"] }).end("short"),
  json: body("application/json", "{\"a\":[1]}"),
  empty: body("application/json", ""),
  params: body("application/x-www-form-urlencoded", "a=1&b=%20"),
  form: body("application/x-www-form-urlencoded", "a=1"),
  bytes: body("text/plain", "äß"),
  notJson: body("text/plain", "{"),
  echo: body("text/plain", "ok"),
  verbs: (response) => void response.writeHead(204).end(),
  redirect: (response) => void response.writeHead(307, { location: "/elsewhere" }).end(),
  headless: () => undefined,
  text: held,
  stream: held,
  left: held,
  broken: (response) => {
    // The piece must have reached the client before the connection breaks.
    response.writeHead(200).write("piece", () => setTimeout(() => response.destroy(), 100))
  },
  flood: flood(Buffer.alloc(64 * 1024)),
  methods: (response, path) => RawServer.json(response, methodReplies[path] ?? { error: { code: 404, message: path } }),
  pages: (response, path) => {
    const page = Number(new URL(path, "http://x").searchParams.get("pageToken") ?? 0)
    const models = [{ name: `models/a${page}` }, { name: `models/b${page}` }]
    RawServer.json(response, page === 2 ? {} : { models, nextPageToken: String(page + 1) })
  },
  key: (response) => RawServer.json(response, RawServer.answer("a", "STOP")),
  moved: (response) => void response.writeHead(302, { location: "/elsewhere" }).end(),
  noAnswer: (response, path, nth, wrote) => noAnswers[nth]?.(response, path, nth, wrote),
  cut: (response) => {
    response.write(RawServer.event(RawServer.answer("a")) + RawServer.event(RawServer.answer("b")))
    setTimeout(() => response.destroy(), 100)
  },
  // The name of the model says how many bytes the answer has.
  sized: (response, path) => {
    const bytes = Number(/\/n(\d+):/.exec(path)?.[1])
    const rest = JSON.stringify(RawServer.answer("", "STOP")).length
    const text = JSON.stringify(RawServer.answer("x".repeat(bytes - rest), "STOP"))
    response.end(path.includes("stream") ? `data:${text}\n\n` : text)
  },
  unsent: (response) => RawServer.json(response, {}),
  slow: flood(RawServer.event(RawServer.answer("x".repeat(64_000))))
}

/** Its address. Nothing of it is shared by two promises. */
export const listen: Effect.Effect<string, never, Scope.Scope> = Effect.gen(function*() {
  const seen = new Map<string, { requests: Array<Seen["requests"][number]>; closed: number; written: number }>()
  const of = (name: string) => {
    const known = seen.get(name) ?? { requests: [], closed: 0, written: 0 }
    seen.set(name, known)
    return known
  }
  const { url } = yield* RawServer.listen((request, response, body) => {
    for (const [name, value] of Object.entries(allowed)) response.setHeader(name, value)
    if (request.method === "OPTIONS" && "access-control-request-method" in request.headers) {
      return void response.writeHead(204).end()
    }
    const [, name = "", path = ""] = /^\/(\w+)(.*)$/.exec(request.url ?? "") ?? []
    if (name === "told") return RawServer.json(response, of(path.slice(1)) satisfies Seen)
    const told = of(name)
    const nth = told.requests.length
    told.requests.push({ method: request.method ?? "", url: path, headers: request.headers, body })
    response.on("close", () => {
      if (!response.writableFinished) told.closed++
    })
    answers[name]?.(response, path, nth, (bytes) => {
      told.written += bytes
    })
  })
  return url
})
