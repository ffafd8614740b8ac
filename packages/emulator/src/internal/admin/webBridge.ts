/** Requests of node:http for a web handler, and its responses back, streams with the pace of the one who reads. */
import type { IncomingMessage, ServerResponse } from "node:http"
import * as Json from "../json.ts"
import * as NodeRequest from "../server/nodeRequest.ts"
import type { Answering } from "./mount.ts"

/** The largest body that the admin API takes, in bytes: as large as a file of rules may be, and then some. */
const largest = 32 * 1024 * 1024

type Body = Uint8Array<ArrayBuffer> | "too large"

const read = (request: IncomingMessage): Promise<Body> =>
  new Promise((resolve, reject) => {
    const pieces: Array<Buffer> = []
    let size = 0
    request.on("data", (piece: Buffer) => {
      size += piece.length
      if (size <= largest) pieces.push(piece)
      else pieces.length = 0
    })
    request.once("end", () => resolve(size > largest ? "too large" : new Uint8Array(Buffer.concat(pieces))))
    request.once("error", reject)
    request.once("close", () => reject(new Error("the client has gone")))
  })

const hasBody = (method: string): boolean => method !== "GET" && method !== "HEAD"

/**
 * The type of a body. curl says that what it sends is a form, and other tools say nothing: what is not TOML is taken
 * for JSON, and a parser says whether it is.
 */
const typeOf = (said: string | undefined): string =>
  said !== undefined && /\btoml\b/i.test(said) ? "application/toml" : "application/json"

const webRequest = (request: IncomingMessage, url: URL, body: Uint8Array<ArrayBuffer>, signal: AbortSignal) => {
  const { method = "GET" } = request
  const headers = new Headers()
  for (const [name, value] of Object.entries(NodeRequest.headersOf(request))) {
    if (value !== undefined && !name.startsWith(":")) headers.set(name, value)
  }
  if (!hasBody(method)) return new Request(url, { method, headers, signal })
  headers.set("content-type", typeOf(request.headers["content-type"]))
  return new Request(url, { method, headers, body, signal })
}

const flushed = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    response.once("drain", resolve)
    response.once("close", resolve)
  })

const play = async (answer: Response, response: ServerResponse) => {
  const headers = Object.fromEntries(answer.headers)
  response.writeHead(answer.status, { ...headers, "cache-control": "no-store" })
  response.flushHeaders()
  const reader = answer.body?.getReader()
  for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
    if (response.destroyed) return void await reader?.cancel()
    if (!response.write(next.value)) await flushed(response)
  }
  response.end()
}

/** What a person reads of an answer, for those who accept plain text: curl in a shell. Everything else stays JSON. */
const inWords = async (request: IncomingMessage, answer: Response): Promise<Response> => {
  const isJson = /json/.test(answer.headers.get("content-type") ?? "")
  if (!isJson || !/\btext\/plain\b/.test(request.headers.accept ?? "")) return answer
  const body: unknown = await answer.json()
  const text = Json.text(Json.at(body, "detail")) ?? Json.text(Json.at(body, "text"))
  if (text === undefined) return Response.json(body, { status: answer.status })
  return new Response(`${text}\n`, { status: answer.status, headers: { "content-type": "text/plain; charset=utf-8" } })
}

const refuse = (response: ServerResponse, status: number, detail: string) => {
  if (response.headersSent) response.destroy()
  else {response.writeHead(status, { "content-type": "application/problem+json" })
      .end(`${JSON.stringify({ title: "Wrong request", status, detail, problems: [] })}\n`)}
}

export const make = (handle: (request: Request) => Promise<Response>): Answering => (request, response) => {
  const gone = new AbortController()
  response.once("close", () => gone.abort())
  const answer = async () => {
    const url = NodeRequest.urlOf(request)
    if (url === undefined) return refuse(response, 400, "The request names no address, or a host that cannot be one.")
    const body = await read(request)
    if (body === "too large") return refuse(response, 413, `A body of the admin API has at most ${largest} bytes.`)
    await play(await inWords(request, await handle(webRequest(request, url, body, gone.signal))), response)
  }
  answer().catch((error) => {
    refuse(response, 500, `The admin API failed: ${error instanceof Error ? error.message : error}`)
  })
}
