/**
 * The methods about caches, over the calls of `resources`.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { CacheRequest, CachesService, Expiry, KeptCache } from "../../caches/Caches.ts"
import type { GeminiError } from "../../GeminiError.ts"
import * as ModelId from "../../models/ModelId.ts"
import type * as ResourceHttp from "../../ResourceHttp.ts"
import { type Input, make as handleOf } from "../../resources/ResourceHandle.ts"
import * as CachedContent from "../../wire/CachedContent.ts"
import * as GenerateBody from "../call/generateBody.ts"
import * as Held from "../members/resources.ts"
import { invalid } from "../resources/invalid.ts"
import { paged } from "../resources/paged.ts"

const longestName = 128

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

/** A name that nothing else bears, by which a cache is found if the answer to its create was lost. */
const uniqueName: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, letters.length - 1), 24),
  (places) => `prefix-${places.map((place) => letters.charAt(place)).join("")}`
)

/** A duration as protobuf writes it. The server counts nanoseconds; a millisecond is near enough. */
const seconds = (millis: number): string => `${Number((millis / 1000).toFixed(3))}s`

/** The end as the body says it; `{}` if there is none. */
const expiryOf = (
  method: string,
  { expireTime, ttl }: Expiry
): Result.Result<{ readonly ttl?: string; readonly expireTime?: string }, GeminiError> => {
  if (ttl !== undefined && expireTime !== undefined) {
    return Result.fail(invalid(method, "expireTime", "stands beside ttl: say one of them"))
  }
  if (ttl !== undefined) {
    const duration = Duration.fromInput(ttl)
    const millis = Option.isSome(duration) ? Duration.toMillis(duration.value) : Number.NaN
    return Number.isFinite(millis) && millis > 0
      ? Result.succeed({ ttl: seconds(millis) })
      : Result.fail(invalid(method, "ttl", "expected a duration above zero, such as \"10 minutes\""))
  }
  if (expireTime === undefined) return Result.succeed({})
  const time = expireTime instanceof Date ? expireTime : new Date(expireTime)
  return Number.isNaN(time.getTime())
    ? Result.fail(invalid(method, "expireTime", "expected a Date or a time such as \"2026-12-31T12:00:00Z\""))
    : Result.succeed({ expireTime: typeof expireTime === "string" ? expireTime : time.toISOString() })
}

/** The body of a create, but for its display name. */
const bodyOf = GenerateBody.readable((method, request: CacheRequest) => {
  const { contents, displayName, encryptionSpec, expireTime, model: name, systemInstruction, toolConfig, tools, ttl } =
    {
      ...request
    }
  const fail = (field: string, description: string) => Result.fail(invalid(method, field, description))
  const model = ModelId.parse(name)
  if (Result.isFailure(model)) return fail("model", model.failure)
  if (displayName !== undefined && displayName.length > longestName) {
    return fail("displayName", `expected at most ${longestName} characters`)
  }
  const body = GenerateBody.make({ contents: contents ?? [], systemInstruction, tools, toolConfig })
  if (body.contents.length === 0 && systemInstruction === undefined && (tools ?? []).length === 0) {
    return fail("contents", "expected contents, a systemInstruction or tools")
  }
  return Result.map(expiryOf(method, { expireTime, ttl }), (expiry) => ({
    model: ModelId.resource(model.success),
    ...(body.contents.length === 0 ? {} : { contents: body.contents }),
    ...(body.systemInstruction == null ? {} : { systemInstruction: body.systemInstruction }),
    ...(body.tools == null ? {} : { tools: body.tools }),
    ...(body.toolConfig == null ? {} : { toolConfig: body.toolConfig }),
    ...(encryptionSpec == null ? {} : { encryptionSpec }),
    ...expiry
  }))
})

export const make = (http: ResourceHttp.Service): CachesService => {
  const kept = (cache: CachedContent.CachedContent, member: string | undefined): KeptCache => ({
    cache,
    handle: handleOf(cache.name, member)
  })

  /** The path of a cache, as its name, its id or its handle says it. */
  const pathOf = (method: string, input: Input): Effect.Effect<string, GeminiError> => {
    const { name } = handleOf(typeof input === "string" ? input : input.name)
    const path = name.startsWith("cachedContents/") ? name : `cachedContents/${name}`
    return /^cachedContents\/[^/?#:\s]+$/.test(path)
      ? Effect.succeed(path)
      : Effect.fail(
        invalid(method, "cache", `expected cachedContents/ID, got ${JSON.stringify(name.slice(0, 100))}`)
      )
  }

  const of = (path: string, input: Input) => [handleOf(path, typeof input === "string" ? undefined : input.member)]

  return {
    create: (request, options) => {
      const method = "caches.create"
      return Effect.gen(function*() {
        const body = yield* Effect.fromResult(bodyOf(method, request, undefined))
        const own = request.displayName
        const displayName = own ?? (yield* uniqueName)
        const { member, value } = yield* http.create({
          method,
          path: "cachedContents",
          body: { ...body, displayName },
          // What it holds of files and stores has to lie with the same member.
          of: Held.heldBy({ contents: body.contents ?? [], tools: body.tools }).map(({ resource }) => resource),
          answer: CachedContent.CachedContent,
          settle: own === undefined
            ? { displayName, path: "cachedContents", items: "cachedContents" }
            : undefined
        }, options)
        return kept(value, member)
      })
    },
    get: (input, options) => {
      const method = "caches.get"
      return Effect.flatMap(pathOf(method, input), (path) =>
        Effect.map(
          http.ask(
            { method, httpMethod: "GET", path, of: of(path, input), answer: CachedContent.CachedContent },
            options
          ),
          ({ member, value }) => kept(value, member)
        ))
    },
    list: ({ pageSize = 100, ...options } = {}) =>
      paged(
        http,
        {
          method: "caches.list",
          path: "cachedContents",
          query: { pageSize },
          answer: CachedContent.ListCachedContentsResponse
        },
        ({ cachedContents }, member) => (cachedContents ?? []).map((cache) => kept(cache, member)),
        options
      ),
    update: (input, expiry, options) => {
      const method = "caches.update"
      return Effect.gen(function*() {
        const path = yield* pathOf(method, input)
        const body = yield* Effect.fromResult(expiryOf(method, { ...expiry }))
        if (body.ttl === undefined && body.expireTime === undefined) {
          return yield* invalid(method, "ttl", "expected a ttl or an expireTime")
        }
        const { member, value } = yield* http.ask({
          method,
          httpMethod: "PATCH",
          path,
          of: of(path, input),
          body,
          answer: CachedContent.CachedContent
        }, options)
        return kept(value, member)
      })
    },
    delete: (input, options) => {
      const method = "caches.delete"
      return Effect.flatMap(pathOf(method, input), (path) =>
        Effect.asVoid(http.ask({
          method,
          httpMethod: "DELETE",
          path,
          of: of(path, input),
          body: {},
          answer: Schema.Struct({})
        }, options)))
    }
  }
}
