/**
 * Cached contents: a prefix of requests that is kept until its end, and what a request that names it is read as.
 */
import * as GoogleError from "../../GoogleError.ts"
import * as ModelTable from "../../ModelTable.ts"
import * as Tokens from "../answers/tokens.ts"
import * as Json from "../json.ts"
import type { StoredBytes } from "./Depot.ts"
import { type Call, type Endpoint, type ResourceReply, type Room, timestamp } from "./endpoint.ts"
import type { Files } from "./files.ts"
import * as Ids from "./ids.ts"
import * as Refusals from "./refusals.ts"
import * as Shelf from "./Shelf.ts"

export interface Options {
  readonly models: ModelTable.ModelTable
  /** The most tokens that the caches of a project may have for one model. Absent: any number. */
  readonly tokens?: number | undefined
}

export interface CacheRecord extends Shelf.Kept {
  readonly expires: number
  readonly model: string
  readonly displayName: string
  readonly created: number
  readonly updated: number
  readonly counts: Tokens.Counts
  /** The prefix as JSON. */
  readonly bytes: StoredBytes
}

/** A request as the model reads it, and the tokens that came out of a cache. */
export interface Expanded {
  readonly body: Json.Json
  readonly cached: Tokens.Counts | undefined
}

export interface Caches {
  readonly endpoint: Endpoint
  /** All caches of all projects. */
  readonly list: (now: number) => ReadonlyArray<{ readonly project: string; readonly cache: Json.Json }>
  readonly lose: (name: string, now: number) => boolean
  readonly dropped: () => number
  /** Puts the prefix in front of a request that names a cache, or says why Google would not take it. */
  readonly expand: (
    body: Json.Json,
    of: { readonly project: string; readonly model: string; readonly now: number }
  ) => Expanded | { readonly refusal: GoogleError.Refusal }
}

/** How long a cache is kept that names no end: an hour. */
const standardLife = 3_600_000
/** The least tokens where the model's row says none: 4,096 for 2.5 Pro and the models of 3 (@ai-sdk/google 4.0.121). */
const standardMinimum = 4_096
const longestName = 128

/** The fields that are kept, and that a request which names the cache may not have again but for `contents`. */
const fields = ["contents", "systemInstruction", "tools", "toolConfig"] as const

const shown = ({ counts, created, displayName, expires, model, name, updated }: CacheRecord): Json.Json => ({
  name,
  model,
  createTime: timestamp(created),
  updateTime: timestamp(updated),
  expireTime: timestamp(expires),
  // It is there when it is empty, too (recorded 2026).
  displayName,
  usageMetadata: { totalTokenCount: Tokens.total(counts) }
})

/** The end that a body names: `undefined` if it names none, NaN if it lies behind. */
const endOf = (body: Json.Json, now: number): number | undefined => {
  const ttl = Json.text(body["ttl"])
  const expireTime = Json.text(body["expireTime"])
  if (ttl === undefined && expireTime === undefined) return undefined
  const end = ttl === undefined ? Date.parse(expireTime ?? "") : now + Number(ttl.slice(0, -1)) * 1000
  return end > now ? end : Number.NaN
}

const filesIn = (body: Json.Json): ReadonlyArray<string> =>
  Json.list(body["contents"]).flatMap((content) =>
    Json.list(Json.at(content, "parts")).flatMap((part) => Json.text(Json.at(part, "fileData", "fileUri")) ?? [])
  )

export const make = ({ depot, seed }: Room, files: Pick<Files, "unusable">, options: Options): Caches => {
  const nextId = Ids.maker(`${seed}\ncaches`)
  const shelf = Shelf.make<CacheRecord>({
    pageSize: 100,
    largestPage: 1_000,
    isNewestFirst: true,
    left: ({ bytes }) => bytes.drop()
  })
  /** Whether any cache was ever made here. As long as none was, requests may name caches of Google's. */
  let isUsed = false

  const missing = (name: string): ResourceReply => ({
    refusal: Refusals.cacheMissing(),
    note: shelf.wasDropped(name) ? "The emulator dropped this cache: it had no more room." : undefined
  })

  const create = ({ body, now, project, version }: Call): ResourceReply => {
    const given = Json.text(body["model"]) ?? ""
    const model = given.includes("/") ? given : `models/${given}`
    const row = ModelTable.get(options.models, model, now)
    const isAny = options.models.acceptAnyModel === true
    if (!isAny && row?.model.supportedGenerationMethods.includes("createCachedContent") !== true) {
      return { refusal: GoogleError.modelNotFound({ name: model, version, method: "createCachedContent" }) }
    }
    const end = endOf(body, now) ?? now + standardLife
    const displayName = Json.text(body["displayName"]) ?? ""
    if (given === "" || Number.isNaN(end) || displayName.length > longestName) {
      return { refusal: GoogleError.invalidArgument() }
    }
    for (const uri of filesIn(body)) {
      const refusal = files.unusable(uri, project, now)
      if (refusal !== undefined) return { refusal }
    }
    const counts = Tokens.ofRequest(body)
    const tokens = Tokens.total(counts)
    const least = row?.cacheMinimum ?? standardMinimum
    if (tokens < least) return { refusal: Refusals.cacheTooSmall(tokens, least) }
    const held = shelf.all(now).reduce(
      (sum, cache) => cache.project === project && cache.model === model ? sum + Tokens.total(cache.counts) : sum,
      0
    )
    if (options.tokens !== undefined && held + tokens > options.tokens) {
      return { refusal: Refusals.cacheStorageExceeded(model.replace(/^models\//, ""), options.tokens, tokens) }
    }
    const name = `cachedContents/${nextId(40)}`
    const writer = depot.writer()
    const prefix = Object.fromEntries(
      fields.flatMap((field) => body[field] === undefined ? [] : [[field, body[field]]])
    )
    writer.write(new TextEncoder().encode(JSON.stringify(prefix)))
    const bytes = writer.finish(() => shelf.evict(name))
    const made = { name, project, model, displayName, created: now, updated: now, expires: end, counts, bytes }
    isUsed = true
    shelf.add(made, now)
    return { body: shown(made) }
  }

  const found = (call: Call, use: (cache: CacheRecord) => ResourceReply): ResourceReply => {
    const cache = shelf.find(call.project, call.name, call.now)
    return cache === undefined ? missing(call.name) : use(cache)
  }

  const endpoint: Endpoint = {
    routes: [
      { verb: "POST", path: /^cachedContents\/*$/, method: "caches.create" },
      { verb: "GET", path: /^cachedContents\/*$/, method: "caches.list" },
      { verb: "GET", path: /^(cachedContents\/[^/:]+)$/, method: "caches.get" },
      { verb: "PATCH", path: /^(cachedContents\/[^/:]+)$/, method: "caches.update" },
      { verb: "DELETE", path: /^(cachedContents\/[^/:]+)$/, method: "caches.delete" }
    ],
    methods: {
      "caches.create": create,
      "caches.get": (call) => found(call, (cache) => ({ body: shown(cache) })),
      "caches.list": ({ now, project, query }) => {
        const page = shelf.page(project, query, now)
        if (page.refusal !== undefined) return page
        const { items, nextPageToken } = page
        return {
          body: {
            ...(items.length === 0 ? {} : { cachedContents: items.map(shown) }),
            ...(nextPageToken === undefined ? {} : { nextPageToken })
          }
        }
      },
      "caches.update": (call) =>
        found(call, (cache) => {
          const end = endOf(call.body, call.now)
          // Nothing but its end can be changed.
          const isOther = fields.some((field) => call.body[field] !== undefined)
          if (end === undefined || Number.isNaN(end) || isOther) return { refusal: GoogleError.invalidArgument() }
          const changed = { ...cache, expires: end, updated: call.now }
          shelf.replace(changed)
          return { body: shown(changed) }
        }),
      "caches.delete": (call) =>
        shelf.remove(call.project, call.name, call.now) === undefined ? missing(call.name) : { body: {} }
    },
    clear: () => {
      shelf.clear()
      isUsed = false
    }
  }

  return {
    endpoint,
    list: (now) => shelf.all(now).map((cache) => ({ project: cache.project, cache: shown(cache) })),
    lose: (name, now) => {
      const cache = shelf.all(now).find((cache) => cache.name === name)
      return cache !== undefined && shelf.remove(cache.project, name, now) !== undefined
    },
    dropped: shelf.dropped,
    expand: (body, { model, now, project }) => {
      const given = Json.text(body["cachedContent"]) ?? ""
      if (given === "" || !isUsed) return { body, cached: undefined }
      const cache = shelf.find(project, given.includes("/") ? given : `cachedContents/${given}`, now)
      if (cache === undefined) return { refusal: Refusals.cacheMissing() }
      if (cache.model !== model) return { refusal: Refusals.cacheOfOtherModel(model, cache.model) }
      const prefix = Json.parse(Buffer.concat([...cache.bytes.read()]).toString())
      const contents = [...Json.list(Json.at(prefix, "contents")), ...Json.list(body["contents"])]
      return { body: { ...body, ...(Json.isObject(prefix) ? prefix : {}), contents }, cached: cache.counts }
    }
  }
}
