/**
 * A server that keeps resources for several keys, over a real socket: what one key made, no other sees. It answers in the
 * shapes of the REST reference, logs who asked for what, and fails as a test tells it to.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"

/** What happens to a request: done and its answer lost, or not done at all in one of three ways. */
export type Fate = "lost" | "reset" | "unavailable" | "limited" | undefined

export interface Entry {
  readonly key: string | undefined
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

export interface Kept {
  readonly name: string
  readonly key: string
  readonly displayName: string | undefined
  /** As GET answers it. */
  readonly value: object
}

export interface ResourceServer {
  readonly url: string
  readonly log: Array<Entry>
  readonly kept: Map<string, Kept>
  /** Asked for each request, once it has been read. */
  fate: (entry: Entry) => Fate
  /** Answers before everything else does. */
  special: (entry: Entry, response: Http.ServerResponse) => boolean
}

const text = (value: unknown): string | undefined => typeof value === "string" ? value : undefined

const field = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Object.entries(value).find(([name]) => name === key)?.[1] : undefined

const identified = ["interactions", "agents", "environments", "voices"]

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return {}
  }
}

export const make: Effect.Effect<ResourceServer, never, Scope.Scope> = Effect.gen(function*() {
  const kept = new Map<string, Kept>()
  const log: Array<Entry> = []
  const uploads = new Map<string, { readonly key: string; readonly name: string; readonly displayName?: string }>()
  let made = 0

  const keep = (name: string, key: string, displayName: string | undefined, value: object): Kept => {
    const resource: Kept = { name, key, displayName, value }
    kept.set(name, resource)
    return resource
  }

  const created = (entry: Entry, key: string): object | undefined => {
    const body = parsed(entry.body)
    const collection = entry.path.replace(/^\/v1beta\//, "")
    const id = `r${++made}`
    const displayName = text(field(body, "displayName")) ?? text(field(field(body, "batch"), "displayName")) ??
      text(field(body, "display_name"))
    if (identified.includes(collection)) {
      const own = collection === "voices" ? `voice_${id}` : id
      return keep(`${collection}/${own}`, key, displayName, { id: own, display_name: displayName }).value
    }
    if (collection === "cachedContents" || collection === "fileSearchStores") {
      return keep(`${collection}/${id}`, key, displayName, { name: `${collection}/${id}`, displayName }).value
    }
    if (collection.endsWith(":batchGenerateContent")) {
      const name = `batches/${id}`
      return keep(name, key, displayName, { name, metadata: { displayName, state: "BATCH_STATE_PENDING" } }).value
    }
    if (collection.endsWith(":predictLongRunning")) {
      const name = `${collection.split(":")[0]}/operations/${id}`
      return keep(name, key, displayName, { name }).value
    }
    return undefined
  }

  const lists: Readonly<Record<string, string>> = { batches: "operations" }

  const listed = (collection: string, key: string, query: URLSearchParams): object => {
    const all = [...kept.values()].filter((it) => it.key === key && it.name.startsWith(`${collection}/`))
    const from = Number(query.get("pageToken") ?? query.get("page_token") ?? 0)
    const page = all.slice(from, from + 10)
    return {
      [lists[collection] ?? collection]: page.map(({ value }) => value),
      ...(from + 10 < all.length ? { nextPageToken: String(from + 10) } : {})
    }
  }

  const server = Http.createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const url = new URL(request.url ?? "/", address())
      const header = request.headers["x-goog-api-key"]
      const entry: Entry = {
        key: text(header),
        method: request.method ?? "GET",
        path: decodeURIComponent(url.pathname),
        query: url.searchParams,
        headers: request.headers,
        body: Buffer.concat(chunks).toString("latin1")
      }
      log.push(entry)
      const answer = (status: number, value: object, headers: Readonly<Record<string, string>> = {}): void => {
        if (fate === "lost") response.destroy()
        else response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value))
      }
      const refuse = (status: number, name: string, message: string): void =>
        answer(status, { error: { code: status, status: name, message } })
      const fate = self.fate(entry)
      if (self.special(entry, response)) return
      if (fate === "reset") return void response.destroy()
      if (fate === "unavailable") return refuse(503, "UNAVAILABLE", "The service is currently unavailable.")
      if (fate === "limited") return refuse(429, "RESOURCE_EXHAUSTED", "Quota exceeded.")
      const { key } = entry
      if (key === undefined) return refuse(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers.")

      if (entry.path === "/upload/v1beta/files" && entry.method === "POST") {
        const file = field(parsed(entry.body), "file")
        const name = text(field(file, "name")) ?? `files/r${++made}`
        if (kept.has(name)) return refuse(409, "ALREADY_EXISTS", "The file name is taken.")
        const id = `u${++made}`
        const displayName = text(field(file, "displayName"))
        uploads.set(id, { key, name, ...(displayName === undefined ? {} : { displayName }) })
        return answer(200, {}, {
          "x-goog-upload-status": "active",
          "x-goog-upload-url": `https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=${id}`
        })
      }
      if (entry.path === "/upload/v1beta/files") return refuse(405, "INVALID_ARGUMENT", "POST only")
      if (entry.method === "POST") {
        const value = created(entry, key)
        return value === undefined ? refuse(404, "NOT_FOUND", "no such method") : answer(200, value)
      }
      const name = entry.path.replace(/^\/v1beta\//, "").replace(/:download$/, "")
      if (entry.method === "GET" && /^[A-Za-z]+$/.test(name)) return answer(200, listed(name, key, entry.query))
      const found = kept.get(name)
      if (found === undefined || found.key !== key) {
        return name.startsWith("files/")
          ? refuse(
            403,
            "PERMISSION_DENIED",
            `You do not have permission to access the File ${name} or it may not exist.`
          )
          : refuse(404, "NOT_FOUND", `${name} is not found`)
      }
      if (entry.method === "DELETE") {
        kept.delete(name)
        return answer(200, {})
      }
      if (entry.path.endsWith(":download")) {
        response.writeHead(200, { "content-type": "application/octet-stream" }).end(`bytes of ${name}`)
        return
      }
      answer(200, found.value)
    })
  })

  /** The last part of an upload, at the address that its start gave. */
  const finish = (entry: Entry, response: Http.ServerResponse): boolean => {
    const upload = uploads.get(entry.query.get("upload_id") ?? "")
    if (entry.path !== "/upload/v1beta/files" || upload === undefined || upload.key !== entry.key) return false
    const fate = self.fate(entry)
    if (fate !== undefined && fate !== "lost") {
      response.destroy()
      return true
    }
    const file = keep(upload.name, upload.key, upload.displayName, {
      name: upload.name,
      uri: `https://generativelanguage.googleapis.com/v1beta/${upload.name}`,
      state: "ACTIVE"
    })
    if (fate === "lost") response.destroy()
    else {
      response.writeHead(200, { "content-type": "application/json", "x-goog-upload-status": "final" })
      response.end(JSON.stringify({ file: file.value }))
    }
    return true
  }

  const address = (): string => {
    const at = server.address()
    return `http://127.0.0.1:${typeof at === "object" && at !== null ? at.port : 0}`
  }

  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume(Effect.void))
      })
  )
  const self: ResourceServer = { url: address(), log, kept, fate: () => undefined, special: finish }
  return self
})
