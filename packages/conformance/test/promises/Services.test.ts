/** Every service that the packages publish, in plain TypeScript: `gemini.with(Service)`. */
import * as Emulator from "effect-gemini-emulator/Standalone"
import * as Journal from "effect-gemini-journal/Journal"
import * as Runs from "effect-gemini-narrative/Runs"
import { Gemini, GeminiError } from "effect-gemini-promises"
import { Batches } from "effect-gemini/batches/Batches"
import * as Budget from "effect-gemini/Budget"
import { CachedPrefix } from "effect-gemini/caches/CachedPrefix"
import { Caches } from "effect-gemini/caches/Caches"
import { Decisions } from "effect-gemini/decisions/Decisions"
import { Files } from "effect-gemini/files/Files"
import { GeminiClient } from "effect-gemini/GeminiClient"
import { GeminiHttp } from "effect-gemini/GeminiHttp"
import { GeminiLive } from "effect-gemini/GeminiLive"
import * as BudgetStore from "effect-gemini/limits/BudgetStore"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import { AuthTokens } from "effect-gemini/live/AuthTokens"
import { LiveError } from "effect-gemini/LiveError"
import { ModelPool } from "effect-gemini/ModelPool"
import { ModelCatalog } from "effect-gemini/models/ModelCatalog"
import { Operations } from "effect-gemini/operations/Operations"
import { RateLimiter } from "effect-gemini/RateLimiter"
import { ResourceHttp } from "effect-gemini/ResourceHttp"
import { FileSearchStores } from "effect-gemini/stores/FileSearchStores"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"

let emulator: Awaited<ReturnType<typeof Emulator.start>>
let gemini: Gemini
beforeAll(async () => {
  emulator = await Emulator.start()
  gemini = new Gemini({ apiKey: "key", baseUrl: emulator.url, tier: "tier3", retry: { attempts: 1 } })
})
afterAll(async () => {
  await gemini.close()
  await emulator.stop()
})

const all = async <A>(items: AsyncIterable<A>): Promise<Array<A>> => {
  const out: Array<A> = []
  for await (const item of items) out.push(item)
  return out
}

const rejected = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error("it was expected to fail")
}

interface Published {
  readonly file: string
  readonly key: Context.Key<unknown, unknown> & { readonly layerWith?: unknown }
}

/** The services that the public modules define. */
const published = async (): Promise<ReadonlyArray<Published>> => {
  const packages = join(import.meta.dirname, "../../..")
  const found: Array<Published> = []
  for (const file of globSync("{gemini,ai,agents,journal,narrative,emulator}/src/**/*.ts", { cwd: packages })) {
    if (file.includes("/internal/")) continue
    const names = readFileSync(join(packages, file), "utf8").matchAll(
      /^export class (\w+)\s+extends Context\.Service</gm
    )
    for (const [, name = ""] of names) {
      const module: Record<string, unknown> = await import(join(packages, file))
      const key = module[name]
      if (!Context.isKey(key)) throw new Error(`${file}: ${name} is not a key`)
      found.push({ file: `${file} ${name}`, key })
    }
  }
  return found
}

/** Whether nothing of Effect is left among the fields. */
const isPlain = (service: object): boolean =>
  Object.keys(service).every((name) => {
    const field: unknown = Reflect.get(service, name)
    return !Effect.isEffect(field) && !Stream.isStream(field)
  })

const inClient: ReadonlyArray<unknown> = [GeminiClient, GeminiHttp, ModelPool, RateLimiter]

test("every service comes by its name, or says that it wants a layer", async () => {
  const services = await published()
  expect(services.length).toBeGreaterThan(25)
  const byName: Array<string> = []
  for (const { file, key } of services) {
    if (typeof key.layerWith === "function" || inClient.includes(key)) {
      byName.push(file)
      const service = await gemini.with(key)
      expect(isPlain(service), file).toBe(true)
      expect(Object.keys(service).length, file).toBeGreaterThan(0)
      continue
    }
    const error = await rejected(gemini.with(key))
    expect(error, file).toBeInstanceOf(GeminiError)
    expect(error, file).toMatchObject({
      message: expect.stringContaining(
        `${key.key} is not in the client: give its layer, as in with(service, { layer })`
      )
    })
  }
  // Whatever a program calls the API with has no need of a layer.
  expect(byName.map((file) => file.split(" ")[1])).toEqual(expect.arrayContaining([
    "AuthTokens",
    "Batches",
    "CachedPrefix",
    "Caches",
    "Decisions",
    "FileSearchStores",
    "Files",
    "GeminiClient",
    "GeminiHttp",
    "GeminiLive",
    "ModelCatalog",
    "ModelPool",
    "Operations",
    "RateLimiter",
    "ResourceHttp"
  ]))
})

test("a service is built once", async () => {
  const before = emulator.requests().length
  const [a, b] = await Promise.all([gemini.with(Files), gemini.with(Files)])
  expect(Object.keys(a)).toEqual(Object.keys(b))
  expect(emulator.requests()).toHaveLength(before)
})

describe("calls", () => {
  test("files: upload, list, download, and a file that is deleted by `await using`", async () => {
    const files = await gemini.with(Files)
    const { file } = await files.upload(new TextEncoder().encode("a,b\n1,2\n"), { mimeType: "text/csv" })
    expect((await all(files.list())).map((kept) => kept.file.name)).toContain(file.name)
    const stages = await all(files.uploadProgress(new TextEncoder().encode("text"), { mimeType: "text/plain" }))
    expect(stages.length).toBeGreaterThan(0)
    let name = ""
    {
      await using scoped = await files.uploadScoped(new TextEncoder().encode("x"), { mimeType: "text/plain" })
      name = scoped.file.name ?? ""
      expect((await files.get(name)).file.name).toBe(name)
    }
    const gone = await rejected(files.get(name))
    expect(gone).toMatchObject({ reason: { _tag: "NotFound" } })
  })

  test("caches and prefixes", async () => {
    const caches = await gemini.with(Caches)
    const long = "A long beginning. ".repeat(2_000)
    const { cache } = await caches.create({ model: "gemini-3.8-flash", contents: long, ttl: "10 minutes" })
    expect((await all(caches.list())).map((kept) => kept.cache.name)).toContain(cache.name)
    await caches.delete(cache.name ?? "")
    const prefixes = await gemini.with(CachedPrefix)
    await using prefix = await prefixes.open({ model: "gemini-3.8-flash", contents: long })
    expect((await prefix.generate({ contents: "Go on" })).text).not.toBe("")
    expect(await prefix.stats()).toBeTypeOf("object")
  })

  test("stores, operations, batches", async () => {
    const stores = await gemini.with(FileSearchStores)
    const { store } = await stores.create({ displayName: "books" })
    expect((await stores.get(store.name ?? "")).store.name).toBe(store.name)
    const operations = await gemini.with(Operations)
    expect(await rejected(operations.get("batches/none"))).toMatchObject({ reason: { _tag: "NotFound" } })
    const batches = await gemini.with(Batches)
    expect(await all(batches.list())).toEqual([])
  })

  test("a Live session is closed by `await using`", async () => {
    const live = await gemini.with(GeminiLive)
    {
      await using session = await live.connect()
      expect(await session.status()).toBeDefined()
      const answer = await session.ask("Say hello")
      expect(answer.text).not.toBe("")
      for await (const chunk of session.sendTextStream("Say more")) {
        expect(chunk).toBeDefined()
        break
      }
    }
    await emulator.live.awaitClosed(1)
    const error = await rejected(live.connect({ model: "gemini-3.8-flush-live" }))
    expect(error).toBeInstanceOf(LiveError)
  })

  test("tokens, decisions, the catalog, the client's own parts", async () => {
    const tokens = await gemini.with(AuthTokens)
    expect(await tokens.create()).toBeDefined()
    const catalog = await gemini.with(ModelCatalog)
    expect(await catalog.supports("gemini-3.8-flash", "generateContent")).toBe(true)
    const client = await gemini.with(GeminiClient)
    expect((await client.generate({ contents: "Say hello" })).text).not.toBe("")
    expect((await all(client.generateStream({ contents: "Say hello" }))).at(-1)?.finished).toBe(true)
    const http = await gemini.with(GeminiHttp)
    expect(await http.generateContent({ model: "gemini-3.8-flash", contents: "Say hello" })).toHaveProperty(
      "candidates"
    )
    const resources = await gemini.with(ResourceHttp)
    expect(resources.members).toEqual([])
    const decisions = await gemini.with(Decisions)
    expect(await rejected(decisions.create({ model: "gemini-3.8-flash", input: "x", questions: {} }))).toBeInstanceOf(
      GeminiError
    )
  })

  test("services by their layers: budgets, stores, journals, runs", async () => {
    const budget = await gemini.with(Budget.Budget, { layer: Budget.layer({ per: "day", tokens: 1_000 }) })
    expect(isPlain(budget)).toBe(true)
    const lanes = await gemini.with(LaneStore.LaneStore, { layer: LaneStore.layerMemory })
    expect(isPlain(lanes)).toBe(true)
    expect(isPlain(await gemini.with(BudgetStore.BudgetStore, { layer: BudgetStore.layerMemory }))).toBe(true)
    const journal = await gemini.with(Journal.Journal, { layer: Journal.layerMemory() })
    expect(await all(journal.list())).toEqual([])
    expect(isPlain(await gemini.with(Runs.Runs, { layer: Runs.layerMemory() }))).toBe(true)
  })

  test("a signal holds for all that is called", async () => {
    const controller = new AbortController()
    const files = await gemini.with(Files, { signal: controller.signal })
    controller.abort("enough")
    expect(await rejected(files.get("files/a"))).toBe("enough")
    expect(await rejected(all(files.list()))).toBe("enough")
    expect(await rejected(gemini.with(Caches, { signal: controller.signal }))).toBe("enough")
  })
})
