/**
 * Reads a folder of recorded cases, one JSON file an exchange, the form that `Recorded` reads too, as the exchanges of a
 * cassette: `{ request: { method, path, headers, body }, response: { status, headers, kind, … } }`, Live sessions with
 * `frames` of `{ from, data }`. Such a case holds the values of a body and not its bytes, so JSON is written anew.
 */
import * as Fs from "node:fs"
import { join } from "node:path"
import { CassetteError } from "../../cassettes/CassetteError.ts"
import type * as Recording from "../../cassettes/Recording.ts"
import * as Json from "../json.ts"
import * as RequestView from "./requestView.ts"

/** The path as a client's URL has it, with its query as a cassette has it. */
const pathOf = (path: string): string => {
  const url = new URL(path, "http://localhost")
  return RequestView.pathOf(url, { text: (text) => text }, () => "REDACTED_QUERY_1")
}

const headersOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(Json.isObject(value) ? value : {}).flatMap(([name, text]) =>
      typeof text === "string" ? [[name.toLowerCase(), text]] : []
    )
  )

/** Where a stream of events can be cut: behind each event. */
const events = (text: string): ReadonlyArray<string> => text.split(/(?<=\r\n\r\n|[^\r]\n\n)/)

const cutAt = (text: string, places: ReadonlyArray<number>): ReadonlyArray<Recording.Piece> => {
  const bytes = Buffer.from(text)
  const ends = [...places.filter((place) => place > 0 && place < bytes.length), bytes.length]
  return ends.map((end, i) => {
    const piece = bytes.subarray(i === 0 ? 0 : ends[i - 1], end)
    const said = piece.toString("utf8")
    return Buffer.from(said).equals(piece) ? said : { base64: piece.toString("base64") }
  })
}

const piecesOf = (response: Json.Json): ReadonlyArray<Recording.Piece> => {
  switch (response["kind"]) {
    case "json":
      return [`${JSON.stringify(response["body"], undefined, 2)}\n`]
    case "sse": {
      const text = Json.text(response["sse"]) ?? ""
      const splits = Json.list(response["splits"]).flatMap((place) => (typeof place === "number" ? [place] : []))
      return splits.length > 0 ? cutAt(text, splits) : events(text).filter((event) => event !== "")
    }
    case "binary":
      return [{ base64: Json.text(response["base64"]) ?? "" }]
    case "empty":
      return []
    default:
      return [Json.text(response["text"]) ?? ""]
  }
}

/** Headers of the connection on which the case was recorded. */
const hop: ReadonlySet<string> = new Set([
  "content-length",
  "content-encoding",
  "transfer-encoding",
  "connection",
  "date",
  "alt-svc",
  "set-cookie"
])

const exchangeOf = (value: Json.Json, n: number): Recording.Recording | undefined => {
  const { request, response } = value
  if (!Json.isObject(request) || !Json.isObject(response)) return undefined
  const path = Json.text(request["path"])
  if (path === undefined) return undefined
  const headers = headersOf(request["headers"])
  if (response["kind"] === "live") {
    return {
      n,
      live: { path: pathOf(path), headers },
      frames: Json.list(response["frames"]).map((frame, ms) => {
        const isClient = Json.at(frame, "from") === "client"
        // Google sends JSON in binary frames.
        return [ms, isClient ? "c" : "s", isClient ? "text" : "binary", JSON.stringify(Json.at(frame, "data"))] as const
      })
    }
  }
  const status = Json.number(response["status"])
  if (status === undefined) return undefined
  const sent = headersOf(response["headers"])
  for (const name of hop) delete sent[name]
  sent["content-type"] ??= response["kind"] === "sse" ? "text/event-stream" : "application/json; charset=UTF-8"
  const body = request["body"]
  return {
    n,
    request: {
      method: Json.text(request["method"]) ?? "POST",
      path: pathOf(path),
      headers,
      ...(body === undefined || body === null ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
    },
    response: { status, headers: sent, chunks: piecesOf(response).map((piece) => [0, piece] as const), end: "complete" }
  }
}

/** The exchanges of all `*.json` in a folder and below, in the order of their paths. */
export const read = (folder: string): ReadonlyArray<Recording.Recording> => {
  const names = Fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"))
  const exchanges: Array<Recording.Recording> = []
  for (const name of names.toSorted()) {
    const path = join(folder, name)
    let value: unknown
    try {
      if (!Fs.statSync(path).isFile()) continue
      value = JSON.parse(Fs.readFileSync(path, "utf8"))
    } catch (cause) {
      throw new CassetteError({
        file: path,
        description: cause instanceof Error ? cause.message : String(cause),
        cause
      })
    }
    const exchange = Json.isObject(value) ? exchangeOf(value, exchanges.length + 1) : undefined
    if (exchange !== undefined) exchanges.push(exchange)
  }
  return exchanges
}
