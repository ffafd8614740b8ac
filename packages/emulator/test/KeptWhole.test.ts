/** Everything that the API keeps, answer by answer as it was: messages/kept.txt. A change there is one that a client meets. */
import { describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpMethod from "effect/http/HttpMethod"
import * as TestClock from "effect/testing/TestClock"
import { createHash } from "node:crypto"
import { expect } from "vitest"

const model = "models/gemini-3.8-flash"
const said = (text: string) => ({ role: "user", parts: [{ text }] })
const prompt = (text: string) => ({ contents: [said(text)] })
const text = (words: number) => Array.from({ length: words }, (_, i) => `word${i % 97}`).join(" ")

const digest = (text: string): string =>
  `<${text.length}: ${createHash("sha256").update(text).digest("hex").slice(0, 12)}>`

/** What is long is named by its digest: bytes and signatures, and what stands behind 4000 letters. */
const short = (body: string): string => {
  const read = body.replaceAll(/[\w+/=.-]{60,}/g, digest)
  return read.length > 4000 ? `${read.slice(0, 4000)}${digest(read)}` : read
}

const headersShown = ["content-type", "x-goog-upload-status", "x-goog-upload-size-received", "retry-after"]

/** A page of the report: every exchange is written down, and gives its body as a value. */
const page = () => {
  const lines: Array<string> = []
  const ask = Effect.fnUntraced(function*(
    verb: HttpMethod.HttpMethod,
    path: string,
    given: { readonly json?: unknown; readonly bytes?: string; readonly headers?: Readonly<Record<string, string>> } =
      {}
  ) {
    const { url } = yield* Emulator.Emulator
    const base = HttpClientRequest.make(verb)(path.startsWith("http") ? path : `${url}${path}`).pipe(
      HttpClientRequest.setHeaders({ "x-goog-api-key": "key", ...given.headers })
    )
    const request = given.json !== undefined
      ? HttpClientRequest.bodyJsonUnsafe(base, given.json)
      : given.bytes !== undefined
      ? HttpClientRequest.bodyUint8Array(base, new TextEncoder().encode(given.bytes), "text/plain")
      : base
    const response = yield* HttpClient.execute(request)
    const body = yield* response.text
    const headers = headersShown.flatMap((name) => {
      const value = response.headers[name]
      return value === undefined || name === "content-type" && value.startsWith("application/json")
        ? []
        : `${name}: ${value}`
    })
    const asked = given.json === undefined ? given.bytes ?? "" : JSON.stringify(given.json)
    const isJson = body.startsWith("{") || body.startsWith("[")
    const value: Record<string, unknown> = isJson ? Object(JSON.parse(body)) : {}
    lines.push(
      `> ${verb} ${short(path)}${asked === "" ? "" : ` ${short(asked).slice(0, 400)}`}`,
      `< ${[response.status, ...headers].join(", ")} ${short(isJson ? JSON.stringify(value) : body)}`,
      ""
    )
    return { value, headers: response.headers, name: String(value["name"] ?? ""), id: String(value["id"] ?? "") }
  })
  const title = (words: string) => void lines.push(`# ${words}`, "")
  return { ask, title, text: () => lines.join("\n") }
}

const files = Effect.fnUntraced(function*({ ask, title }: ReturnType<typeof page>) {
  title("files")
  const start = (json: unknown, size: string, type = "text/plain", path = "/upload/v1beta/files") =>
    ask("POST", path, {
      json,
      headers: {
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-length": size,
        "x-goog-upload-header-content-type": type
      }
    })
  const send = (url: string, command: string, offset: number, bytes = "") =>
    ask("POST", url, {
      ...(bytes === "" ? {} : { bytes }),
      headers: { "x-goog-upload-command": command, "x-goog-upload-offset": String(offset) }
    })
  const { headers } = yield* start({ file: { displayName: "Tides" } }, "12")
  const url = headers["x-goog-upload-url"] ?? ""
  yield* send(url, "query", 0)
  yield* send(url, "upload", 3, "abc")
  yield* send(url, "upload, finalize", 0, "Hello, tides")
  yield* send(url, "query", 0)
  yield* start({ file: { name: "files/mine" } }, "5", "application/json")
  yield* start({ file: { name: "files/Not Good" } }, "5")
  yield* start({ file: { dispName: "x" } }, "5")
  const cancelled = yield* start({}, "5")
  yield* send(cancelled.headers["x-goog-upload-url"] ?? "", "cancel", 0)
  yield* send(cancelled.headers["x-goog-upload-url"] ?? "", "upload, finalize", 0, "abcde")
  const { value } = yield* ask("GET", "/v1beta/files")
  const [file] = Array.isArray(value["files"]) ? value["files"] : []
  const name = String(Object(file).name)
  yield* ask("GET", `/v1beta/${name}`)
  yield* TestClock.adjust("5 seconds")
  yield* ask("GET", `/v1beta/${name}`)
  yield* ask("GET", `/download/v1beta/${name}:download?alt=media`)
  yield* ask("GET", "/v1beta/files/none")
  yield* ask("GET", "/v1beta/files?pageSize=0")
  yield* ask("GET", "/v1beta/files?pageSize=101")
  yield* ask("GET", "/v1beta/files?pageToken=x")
  yield* ask("DELETE", `/v1beta/${name}`)
  yield* ask("DELETE", `/v1beta/${name}`)
  yield* ask("POST", "/v1beta/files", { json: { file: {} } })
})

const caches = Effect.fnUntraced(function*({ ask, title }: ReturnType<typeof page>) {
  title("caches")
  const contents = [said(text(5000))]
  const create = (fields: object) => ask("POST", "/v1beta/cachedContents", { json: { model, contents, ...fields } })
  const { name } = yield* create({ displayName: "Long", ttl: "60s" })
  yield* create({ contents: [said("short")] })
  yield* create({ model: "models/none" })
  yield* create({ ttl: "-1s" })
  yield* create({ ttl: "1s", expireTime: "2027-01-01T00:00:00Z" })
  yield* create({
    tools: [{ functionDeclarations: [{ name: "f" }] }],
    systemInstruction: { parts: [{ text: "Be brief" }] }
  })
  yield* ask("GET", "/v1beta/cachedContents?pageSize=1")
  yield* ask("POST", `/v1beta/${model}:generateContent`, { json: { ...prompt("Which?"), cachedContent: name } })
  yield* ask("POST", `/v1beta/${model}:countTokens`, { json: prompt("Which?") })
  yield* ask("PATCH", `/v1beta/${name}?updateMask=ttl`, { json: { ttl: "120s" } })
  yield* ask("PATCH", `/v1beta/${name}?updateMask=displayName`, { json: { displayName: "x" } })
  yield* TestClock.adjust("119 seconds")
  yield* ask("GET", `/v1beta/${name}`)
  yield* TestClock.adjust("1 second")
  yield* ask("GET", `/v1beta/${name}`)
  yield* ask("DELETE", `/v1beta/${name}`)
})

const stores = Effect.fnUntraced(function*({ ask, title }: ReturnType<typeof page>) {
  title("file search stores")
  const { name: store } = yield* ask("POST", "/v1beta/fileSearchStores", { json: { displayName: "Manuals" } })
  const upload = Effect.fnUntraced(function*(json: object, bytes: string) {
    const { headers } = yield* ask("POST", `/upload/v1beta/${store}:uploadToFileSearchStore`, {
      json,
      headers: {
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-length": String(bytes.length),
        "x-goog-upload-header-content-type": "text/plain"
      }
    })
    const url = headers["x-goog-upload-url"]
    if (url === undefined) return ""
    const { name } = yield* ask("POST", url, {
      bytes,
      headers: { "x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0" }
    })
    return name
  })
  const metadata = [{ key: "year", numericValue: 2026 }, { key: "author", stringValue: "Ada" }]
  const operation = yield* upload(
    { displayName: "Tides", mimeType: "text/plain", customMetadata: metadata },
    "The tide rises twice a day. The moon pulls the sea. Springs follow the new moon."
  )
  yield* upload({
    mimeType: "text/plain",
    chunkingConfig: { whiteSpaceConfig: { maxTokensPerChunk: 5, maxOverlapTokens: 9 } }
  }, "x")
  yield* upload({
    mimeType: "text/plain",
    chunkingConfig: { whiteSpaceConfig: { maxTokensPerChunk: 6, maxOverlapTokens: 2 } }
  }, text(30))
  yield* ask("GET", `/v1beta/${operation}`)
  yield* TestClock.adjust("10 seconds")
  yield* ask("GET", `/v1beta/${operation}`)
  const { value } = yield* ask("GET", `/v1beta/${store}/documents`)
  const [document] = Array.isArray(value["documents"]) ? value["documents"] : []
  yield* ask("GET", `/v1beta/${String(Object(document).name)}`)
  yield* ask("GET", `/v1beta/${store}`)
  const search = (fileSearch: object) =>
    ask("POST", `/v1beta/${model}:generateContent`, {
      json: { ...prompt("When does the tide rise with the moon?"), tools: [{ fileSearch }] }
    })
  yield* search({ fileSearchStoreNames: [store] })
  yield* search({ fileSearchStoreNames: [store], metadataFilter: "year = 2025" })
  yield* search({ fileSearchStoreNames: [] })
  yield* search({ fileSearchStoreNames: ["fileSearchStores/none"] })
  yield* ask("DELETE", `/v1beta/${store}`)
  yield* ask("DELETE", `/v1beta/${String(Object(document).name)}`)
  yield* ask("DELETE", `/v1beta/${store}?force=true`)
  yield* ask("GET", `/v1beta/${store}`)
  yield* ask("GET", "/v1beta/fileSearchStores")
})

const batches = Effect.fnUntraced(function*({ ask, title }: ReturnType<typeof page>) {
  title("batches")
  const create = (json: unknown, method = "batchGenerateContent", of = model) =>
    ask("POST", `/v1beta/${of}:${method}`, { json })
  const requests = [
    { request: prompt("One"), metadata: { key: "a" } },
    { request: { contents: [{ role: "tester", parts: [{ text: "x" }] }] }, metadata: { key: "b" } },
    { request: prompt("Three") }
  ]
  const { name } = yield* create({
    batch: { displayName: "Nightly", priority: "5", inputConfig: { requests: { requests } } }
  })
  yield* create({ batch: { inputConfig: { requests: { requests: [] } } } })
  yield* create({ batch: { displayName: "x", inputConfig: { fileName: "files/none" } } })
  yield* create({ batch: { inputConfig: {} } })
  const embedded = yield* create(
    {
      batch: {
        displayName: "e",
        inputConfig: { requests: { requests: [{ request: { content: { parts: [{ text: "a" }] } } }] } }
      }
    },
    "asyncBatchEmbedContent",
    "models/gemini-embedding-001"
  )
  yield* ask("GET", `/v1beta/${name}`)
  yield* TestClock.adjust("1 second")
  yield* ask("GET", `/v1beta/${name}`)
  yield* ask("GET", "/v1beta/batches?pageSize=1")
  yield* TestClock.adjust("1 minute")
  yield* ask("GET", `/v1beta/${name}`)
  yield* ask("GET", `/v1beta/${embedded.name}`)
  yield* ask("POST", `/v1beta/${name}:cancel`, { json: {} })
  const second = yield* create({ batch: { displayName: "Second", inputConfig: { requests: { requests } } } })
  yield* ask("POST", `/v1beta/${second.name}:cancel`, { json: {} })
  yield* ask("GET", `/v1beta/${second.name}`)
  yield* ask("DELETE", `/v1beta/${second.name}`)
  yield* ask("GET", `/v1beta/${second.name}`)
  yield* ask("GET", "/v1beta/batches/none")
})

const interactions = Effect.fnUntraced(function*({ ask, title }: ReturnType<typeof page>) {
  title("interactions")
  const create = (json: object) => ask("POST", "/v1beta/interactions", { json: { model: "gemini-3.8-flash", ...json } })
  const weather = {
    type: "function",
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } } }
  }
  const first = yield* create({
    input: "Hello",
    system_instruction: "Be brief",
    generation_config: { thinking_summaries: "auto" }
  })
  yield* create({ input: "And now?", previous_interaction_id: first.id, store: false })
  yield* create({ input: "call get_weather", tools: [weather] })
  yield* create({ input: "call get_weather", tools: [weather], stream: true })
  yield* create({ input: [{ type: "text", text: "Look" }, { type: "image", mime_type: "image/png", data: "AAAA" }] })
  yield* create({ input: "Who won?", tools: [{ type: "google_search" }], stream: true })
  yield* create({ input: "Count", tools: [{ type: "code_execution" }], stream: true })
  yield* create({ input: "Read https://example.com/a", tools: [{ type: "url_context" }], stream: true })
  yield* create({ input: "A picture", response_modalities: ["text", "image"] })
  yield* create({ input: "A town", response_format: { type: "object", properties: { name: { type: "string" } } } })
  yield* create({ input: "x", previous_interaction_id: "v1_none" })
  yield* create({ input: "x", colour: "blue" })
  yield* create({ input: "x", model: "gemini-none" })
  const background = yield* create({ input: "Slow", background: true })
  yield* ask("GET", `/v1beta/interactions/${background.id}`)
  yield* ask("POST", `/v1beta/interactions/${background.id}/cancel`)
  yield* ask("GET", `/v1beta/interactions/${background.id}?include_input=true`)
  yield* ask("GET", `/v1beta/interactions/${first.id}?stream=true`)
  yield* ask("DELETE", `/v1beta/interactions/${first.id}`)
  yield* ask("GET", `/v1beta/interactions/${first.id}`)
  const research = yield* ask("POST", "/v1beta/interactions", {
    json: {
      agent: "deep-research-preview-04-2026",
      input: "How are tides predicted?",
      background: true,
      agent_config: { type: "deep-research", thinking_summaries: "auto" }
    }
  })
  yield* ask("GET", `/v1beta/interactions/${research.id}`)
  yield* TestClock.adjust("10 seconds")
  yield* ask("GET", `/v1beta/interactions/${research.id}`)
  yield* ask("GET", `/v1beta/interactions/${research.id}?stream=true`)
})

const webhooks = Effect.fnUntraced(function*({ ask, title }: ReturnType<typeof page>) {
  title("webhooks")
  const uri = "http://127.0.0.1:9/hook"
  const create = (json: object) => ask("POST", "/v1beta/webhooks", { json })
  const { id, name } = yield* create({
    name: "mine",
    uri,
    subscribed_events: ["interaction.completed", "interaction.completed"]
  })
  yield* create({ uri: "no address", subscribed_events: ["batch.succeeded"] })
  yield* create({ uri, subscribed_events: [] })
  yield* create({ uri, subscribed_events: ["none"] })
  const path = `/v1beta/webhooks/${id === "" ? name : id}`
  yield* ask("GET", path)
  yield* TestClock.adjust("1 second")
  yield* ask("PATCH", `${path}?update_mask=name`, { json: { name: "yours", uri: "http://127.0.0.1:9/other" } })
  yield* ask("PATCH", path, { json: { state: "disabled" } })
  yield* ask("PATCH", `${path}?update_mask=colour`, { json: {} })
  yield* ask("POST", `${path}:rotateSigningSecret`, { json: {} })
  yield* ask("GET", path)
  yield* ask("POST", `${path}:rotateSigningSecret`, {
    json: { revocation_behavior: "revoke_previous_secrets_immediately" }
  })
  yield* TestClock.adjust("1 day")
  yield* ask("GET", "/v1beta/webhooks?page_size=1")
  yield* ask("DELETE", path)
  yield* ask("GET", path)
  yield* ask("GET", "/v1beta/webhooks")
})

describe("what the API keeps", () => {
  it.effect("is answered as it was", () =>
    Effect.gen(function*() {
      const all = page()
      for (const each of [files, caches, stores, batches, interactions, webhooks]) yield* each(all)
      yield* Effect.promise(() => expect(all.text()).toMatchFileSnapshot("./messages/kept.txt"))
    }).pipe(Effect.provide(Emulator.layerHttpClient({ seed: "kept", calls: "mentioned", values: "seeded" }))))
})
