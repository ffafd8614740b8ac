/**
 * Three members and outages at random: whatever was made is asked of the member that made it, in the process that made
 * it and in one that has only the handles. 60 resources in the tests, 1,000 by `pnpm prove 13.1`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Members from "effect-gemini/Members"
import * as MemberResources from "effect-gemini/members/MemberResources"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as ResourceHandle from "effect-gemini/resources/ResourceHandle"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { seedOf, sizeOf } from "../../../../scripts/proof.ts"
import * as ResourceServer from "./resourceServer.ts"

const count = sizeOf("13.1", { test: 60, prove: 1_000 })
const seed = seedOf("13.1", 20_261_128)

/** mulberry32 */
const dice = (seed: number) => {
  let state = seed
  return (): number => {
    state = state + 0x6d2b79f5 | 0
    let mixed = Math.imul(state ^ state >>> 15, 1 | state)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) / 4_294_967_296
  }
}

const names = ["a", "b", "c"] as const

const layer = (server: ResourceServer.ResourceServer) =>
  MemberResources.layer().pipe(
    Layer.provideMerge(Members.layer({
      baseUrl: server.url,
      retry: { attempts: 8, baseDelay: "1 millis", maxDelay: "4 millis" },
      members: names.map((name) => ({ name, apiKey: Redacted.make(`key-${name}`) }))
    })),
    Layer.provide(NodeGemini.layerHttpClient())
  )

const Anything = Schema.Struct({})
const Uploaded = Schema.Struct({ file: Schema.Struct({ name: Schema.String }) })

/** A collection that gives a display name back is settled by it; the others cannot be. */
const settled = (items: string, path: string, displayName: string) => ({ settle: { displayName, path, items } })

const plain = (path: string, displayName: string): ResourceHttp.Create<object> => ({
  method: "resources.create",
  path,
  body: { displayName, display_name: displayName, batch: { displayName } },
  answer: Anything
})

const kinds: ReadonlyArray<(displayName: string) => ResourceHttp.Create<object>> = [
  (name) => ({ ...plain("cachedContents", name), ...settled("cachedContents", "cachedContents", name) }),
  (name) => ({
    ...plain("models/gemini-3.8-flash:batchGenerateContent", name),
    ...settled("operations", "batches", name)
  }),
  (name) => ({ ...plain("fileSearchStores", name), ...settled("fileSearchStores", "fileSearchStores", name) }),
  (name) => ({ ...plain("agents", name), ...settled("agents", "agents", name) }),
  (name) => ({ ...plain("voices", name), ...settled("voices", "voices", name) }),
  (name) => plain("interactions", name),
  (name) => plain("environments", name),
  (name) => plain("models/veo-3.1:predictLongRunning", name)
]

/** Handles of what is known to be made; and how many creates said that something may exist. */
const make = Effect.fnUntraced(function*(http: ResourceHttp.Service, index: number) {
  const displayName = `made-${index}`
  const file = index % (kinds.length + 1) === kinds.length
  const kind = kinds[index % kinds.length]
  if (!file && kind !== undefined) {
    return yield* Effect.match(http.create(kind(displayName)), {
      onFailure: (error) => ({ error, handle: undefined }),
      onSuccess: ({ handle }) => ({ error: undefined, handle })
    })
  }
  const name = `files/made-${index}`
  const uploaded = Effect.gen(function*() {
    const { handle, headers, isSettled } = yield* http.create({
      method: "files.upload",
      path: "files",
      root: "/upload",
      headers: { "x-goog-upload-command": "start" },
      body: { file: { name } },
      answer: Anything,
      settle: { name }
    })
    if (!isSettled) {
      const last = http.ask({
        method: "files.upload",
        httpMethod: "POST",
        url: headers["x-goog-upload-url"] ?? "",
        headers: { "x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0" },
        body: new Uint8Array(3),
        of: [handle],
        isRepeatable: true,
        answer: Uploaded
      })
      yield* last
    }
    return handle
  })
  return yield* Effect.match(uploaded, {
    onFailure: (error) => ({ error, handle: undefined }),
    onSuccess: (handle) => ({ error: undefined, handle })
  })
})

/** Who is down changes as requests come: each member for a while, in one of four ways. */
const weather = (server: ResourceServer.ResourceServer, random: () => number) => {
  const down = new Map<string, { fate: ResourceServer.Fate; left: number }>()
  server.fate = ({ key = "" }) => {
    const now = down.get(key)
    if (now !== undefined && now.left-- > 0) return now.fate
    down.delete(key)
    if (random() < 0.08) {
      const fates: ReadonlyArray<ResourceServer.Fate> = ["lost", "reset", "unavailable", "limited"]
      const fate = fates[Math.floor(random() * fates.length)]
      down.set(key, { fate, left: Math.floor(random() * 3) })
      return fate
    }
    return undefined
  }
}

const read = (http: ResourceHttp.Service, handle: ResourceHandle.ResourceHandle, isFromOutside: boolean) =>
  http.ask({
    method: "resources.get",
    httpMethod: "GET",
    path: handle.name,
    of: isFromOutside ? [handle] : [],
    answer: Anything
  })

describe("three members and outages at random", () => {
  it.live(
    `${count} created resources are each asked where they were made, also after a restart (seed ${seed})`,
    () =>
      Effect.gen(function*() {
        const server = yield* ResourceServer.make
        weather(server, dice(seed))
        const indices = Array.from({ length: count }, (_, index) => index)

        const kept = yield* Effect.provide(
          Effect.gen(function*() {
            const http = yield* ResourceHttp.ResourceHttp
            const made = yield* Effect.forEach(indices, (index) => make(http, index), { concurrency: 8 })
            const handles = made.flatMap(({ handle }) => handle === undefined ? [] : [handle])
            // What cannot be looked for, and what no answer came of for long, says so; nothing fails for another reason.
            for (const { error } of made) {
              if (error !== undefined && error.method !== "files.upload") {
                assert.isDefined(error.mayExist, error.message)
              }
            }
            assert.isAtLeast(handles.length, count * 0.9)
            server.log.length = 0
            yield* Effect.forEach(handles, (handle) => read(http, handle, false), { concurrency: 8 })
            return JSON.stringify(handles)
          }),
          layer(server)
        )

        const handles = yield* Schema.decodeUnknownEffect(Schema.Array(ResourceHandle.ResourceHandle))(JSON.parse(kept))
        yield* Effect.provide(
          ResourceHttp.ResourceHttp.use((http) =>
            Effect.forEach(handles, (handle) => read(http, handle, true), { concurrency: 8 })
          ),
          layer(server)
        )

        const asked = new Map<string, Set<string>>()
        for (const { key = "", method, path } of server.log) {
          if (method !== "GET") continue
          const name = path.replace(/^\/v1beta\//, "")
          asked.set(name, (asked.get(name) ?? new Set()).add(key))
        }
        for (const { member, name } of handles) {
          assert.strictEqual(server.kept.get(name)?.key, `key-${member}`, name)
          assert.deepStrictEqual([...asked.get(name) ?? []], [`key-${member}`], name)
        }
        // Nothing was made twice: neither where a lost answer was settled, nor where it was reported.
        const displayNames = [...server.kept.values()].flatMap(({ displayName }) => displayName ?? [])
        assert.strictEqual(new Set(displayNames).size, displayNames.length)
        assert.strictEqual(new Set(handles.map(({ name }) => name)).size, handles.length)
        // Each member made its share.
        for (const name of names) {
          assert.isAtLeast(handles.filter(({ member }) => member === name).length, count * 0.2, name)
        }
        yield* Effect.log(
          `${handles.length} of ${count} made, ${
            server.kept.size - handles.length
          } more that their error called possible; ${server.log.length} requests about them, all to their makers`
        )
      }),
    { timeout: 120_000 }
  )
})
