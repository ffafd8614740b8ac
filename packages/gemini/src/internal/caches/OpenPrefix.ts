/**
 * An open prefix: its calls, inline or with a cache, and what was paid for them.
 */
import * as Clock from "effect/Clock"
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { CachedPrefixService, Options, Prefix, PrefixedRequest, PrefixRequest } from "../../caches/CachedPrefix.ts"
import type { CacheIndexService } from "../../caches/CacheIndex.ts"
import type { CachesService } from "../../caches/Caches.ts"
import type * as Cost from "../../Cost.ts"
import type * as GeminiClient from "../../GeminiClient.ts"
import type { GeminiError } from "../../GeminiError.ts"
import * as ModelId from "../../models/ModelId.ts"
import * as Content from "../../wire/Content.ts"
import * as GenerateBody from "../call/generateBody.ts"
import { invalid } from "../resources/invalid.ts"
import { CacheKeeper, type PrefixBody, type Use } from "./CacheKeeper.ts"

interface Given {
  readonly client: GeminiClient.Service
  readonly caches: CachesService
  readonly index: CacheIndexService
  readonly options: Options
}

const method = "cachedPrefix.open"

/** The same text for equal values, whatever the order of their keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner)

/** The prefix as it goes to the wire, read once. */
const bodyOf = GenerateBody.readable((method, prefix: PrefixRequest) => {
  const { contents, model: name, systemInstruction, toolConfig, tools } = { ...prefix }
  const model = ModelId.parse(name)
  if (Result.isFailure(model)) return Result.fail(invalid(method, "model", model.failure))
  const body: PrefixBody = {
    contents: contents == null ? [] : Content.fromInput(contents),
    ...(systemInstruction == null ? {} : {
      systemInstruction: typeof systemInstruction === "string"
        ? { parts: [{ text: systemInstruction }] }
        : systemInstruction
    }),
    ...(tools == null ? {} : { tools }),
    ...(toolConfig == null ? {} : { toolConfig })
  }
  return body.contents.length === 0 && systemInstruction == null && (tools ?? []).length === 0
    ? Result.fail(invalid(method, "contents", "expected contents, a systemInstruction or tools"))
    : Result.succeed({ model: model.success, body, text: canonical(body) })
})

const isRefusedBy = ({ reason: { _tag }, status }: GeminiError): boolean =>
  _tag === "NotFound" || _tag === "InvalidRequest" || status === 400 || status === 403 || status === 404

/** Failures of a member, where another one could answer if it did not have to be the one with the cache. */
const outages = new Set(["RateLimited", "QuotaExhausted", "Overloaded", "ServerError", "Network", "Unauthenticated"])

/** Whether a call that named a cache may have failed because of it. */
const isOfCache = (error: GeminiError, { member }: Use): boolean =>
  isRefusedBy(error) || member !== undefined && outages.has(error.reason._tag)

export const make = (given: Given): CachedPrefixService["open"] => {
  const { client, options } = given
  /** How many open prefixes there are of each content. */
  const users = new Map<string, number>()

  return (request) =>
    Effect.gen(function*() {
      const { body, model, text } = yield* Effect.fromResult(bodyOf(method, request, undefined))
      const { digestHex } = yield* Effect.provide(Digest.Digest, Digest.layerWebCrypto)
      const hash = yield* Effect.orDie(
        digestHex(Digest.sha256, new TextEncoder().encode(`${options.project ?? "default"}\n${model}\n${text}`))
      )
      const scope = yield* Effect.scope
      const keeper = new CacheKeeper({ ...given, model, body, key: hash, scope })
      users.set(hash, (users.get(hash) ?? 0) + 1)
      yield* Scope.addFinalizer(
        scope,
        Effect.suspend(() => {
          const left = (users.get(hash) ?? 1) - 1
          if (left > 0) users.set(hash, left)
          else users.delete(hash)
          return left > 0 ? Effect.void : keeper.leave
        })
      )

      const { contents: shared, ...rest } = body
      const inline = (own: PrefixedRequest): GeminiClient.Request => ({
        ...own,
        ...rest,
        model,
        contents: [...shared, ...Content.fromInput(own.contents)]
      })
      const cached = (own: PrefixedRequest, { name }: Use): GeminiClient.Request => ({
        ...own,
        model,
        cachedContent: name
      })
      const noted = (use: Use | undefined, response: Cost.Charged, hops: number) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => keeper.served(now, use, response, hops))

      const generate: Prefix["generate"] = (own, call) => {
        const asked = (use: Use | undefined) =>
          Effect.tap(
            client.generate(use === undefined ? inline(own) : cached(own, use), call),
            ({ hops, response }) => noted(use, response, hops)
          )
        return Effect.flatMap(keeper.use, (use) =>
          use === undefined
            ? asked(undefined)
            : Effect.catch(asked(use), (error) =>
              // If it fails inline, too, the cache was not the cause.
              isOfCache(error, use)
                ? Effect.tap(asked(undefined), () => keeper.failed(use, error))
                : Effect.fail(error)))
      }

      const generateStream: Prefix["generateStream"] = (own, call) => {
        const asked = (use: Use | undefined) =>
          Stream.tap(
            client.generateStream(use === undefined ? inline(own) : cached(own, use), call),
            ({ finished, hops = 1, response }) => finished ? noted(use, response, hops) : Effect.void
          )
        return Stream.unwrap(Effect.map(keeper.use, (use) => {
          if (use === undefined) return asked(undefined)
          let isBegun = false
          return asked(use).pipe(
            Stream.tap(() => Effect.sync(() => isBegun = true)),
            Stream.catch((error) =>
              !isBegun && isOfCache(error, use)
                ? Stream.tap(asked(undefined), ({ finished }) => finished ? keeper.failed(use, error) : Effect.void)
                : Stream.fail(error)
            )
          )
        }))
      }

      return { generate, generateStream, stats: Effect.map(Clock.currentTimeMillis, (now) => keeper.stats(now)) }
    })
}
