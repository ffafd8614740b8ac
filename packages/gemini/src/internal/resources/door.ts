/**
 * Calls about what the server keeps. Decides who is asked and how often, and remembers what an answer names.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { CallOptions } from "../../call/CallOptions.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import { GeminiError, type MayExist } from "../../GeminiError.ts"
import type { Ask, Create, Request, Service } from "../../ResourceHttp.ts"
import type { ResourceHandle } from "../../resources/ResourceHandle.ts"
import type { CallGate } from "../call/CallGate.ts"
import * as LogicalCall from "../call/LogicalCall.ts"
import * as Retried from "../call/retried.ts"
import * as RetryKernel from "../call/retry.ts"
import * as StreamedCall from "../call/streamedCall.ts"
import * as OptionCheck from "../config/optionCheck.ts"
import * as ModelMethods from "../http/modelMethods.ts"
import * as Body from "../http/responseBody.ts"
import { unmetered } from "../limiter/Meter.ts"
import type { ProviderOf, Recipient } from "../telemetry/recorder.ts"
import * as Guard from "../wire/guard.ts"
import type { Asked, Heard } from "./carrier.ts"
import * as Lost from "./lost.ts"
import * as Names from "./names.ts"
import type { About, Place, Places } from "./places.ts"
import * as Settle from "./settle.ts"

export interface Options {
  readonly places: Places
  readonly gate: CallGate
  readonly retry: GeminiConfig.Retry | undefined
  readonly timeouts: GeminiConfig.Timeouts | undefined
  readonly provider: ProviderOf
}

/** An answer, and its value as the schema of the request reads it. */
interface Read<A> extends Heard {
  readonly read: A
}

/** What the methods of services have beside the options of a call, which they hand on with them. */
const ofServices = [
  "pageSize",
  "filter",
  "force",
  "mimeType",
  "displayName",
  "name",
  "size",
  "isUnchecked",
  "margin",
  "metadata",
  "chunking",
  "interval",
  "factor",
  "maxInterval",
  "deadline",
  "told"
]

const wrongOptions = (method: string, options: CallOptions | undefined): Effect.Effect<void, GeminiError> => {
  const wrong = options === undefined ? undefined : OptionCheck.problemOfCall(options, ofServices)
  return wrong === undefined
    ? Effect.void
    : Effect.fail(new GeminiError({ method, attempts: [], reason: new Reason.InvalidRequest({ fields: [wrong] }) }))
}

export const make = ({ gate, places, provider, retry, timeouts }: Options): Service => {
  const total = timeouts?.total === undefined ? Infinity : Duration.toMillis(timeouts.total)

  const failure = (method: string, reason: Reason.GeminiErrorReason): GeminiError =>
    new GeminiError({ method, attempts: [], reason })

  /** The resources that a request is about. Handles also say who made them, which is remembered. */
  const aboutOf = ({ of = [], path, url }: Request): About => {
    const own = Names.nameOf(path ?? url ?? "")
    const given = of.filter((input) => input !== undefined).map((input): ResourceHandle => {
      const { member, name } = typeof input === "string" ? { name: input, member: undefined } : input
      const resource = Names.nameOf(name) ?? name
      places.remember(resource, member)
      return member === undefined ? { name: resource } : { name: resource, member }
    })
    const isGiven = own === undefined || given.some(({ name }) => name === own)
    return { resources: isGiven ? given : [{ name: own }, ...given], field: path === undefined ? "url" : "path" }
  }

  const askedOf = (request: Request, httpMethod: Asked["httpMethod"]): Asked => ({
    method: request.method,
    httpMethod,
    path: request.path,
    root: request.root,
    query: request.query,
    address: request.url,
    body: request.body,
    headers: request.headers
  })

  const client = (request: Request): LogicalCall.Client => ({
    target: Names.collectionOf(request.path ?? Names.nameOf(request.url ?? "") ?? "") || request.method,
    model: undefined,
    gate,
    retry,
    total,
    provider
  })

  const plan = (
    method: string,
    options: CallOptions | undefined,
    way: () => Place | undefined,
    delayAfter?: typeof RetryKernel.delayAfter
  ) => ({
    method,
    options,
    meter: unmetered,
    inputTokens: () => undefined,
    isFinished: () => false,
    rejection: () => undefined,
    way: (target: string) => (): Required<Recipient> | undefined => {
      const member = way()?.name
      return member === undefined ? undefined : { model: target, member }
    },
    delayAfter
  })

  /** One attempt at a place. Whatever the answer names was made there. */
  const sent = (
    place: Place,
    asked: Asked,
    options: CallOptions | undefined,
    isOfResource: boolean
  ): Effect.Effect<Heard, GeminiError> =>
    place.carrier.json(asked, ModelMethods.attemptOptions(options)).pipe(
      Effect.matchEffect({
        onFailure: (failed) => {
          const error = isOfResource ? Lost.worded(failed, place.name) : failed
          return Effect.andThen(places.heard(place, error), Effect.fail(error))
        },
        onSuccess: (heard) => {
          for (const name of Names.namesIn(asked.path ?? "", heard.value)) places.remember(name, place.name)
          return Effect.as(places.heard(place, undefined), heard)
        }
      })
    )

  const readAs = <A>(method: string, answer: Schema.Codec<A>) => {
    const guard = Guard.make(answer)
    return (heard: Heard): Effect.Effect<Read<A>, GeminiError> =>
      Effect.fromResult(Result.mapBoth(guard(heard.value), {
        onFailure: ({ expected, path }) => Body.invalid({ method }, path, expected),
        onSuccess: (read) => ({ ...heard, read })
      }))
  }

  const ask = <A>(request: Ask<A>, options?: CallOptions) =>
    Effect.flatMap(
      Effect.andThen(
        wrongOptions(request.method, options),
        Effect.mapError(places.owner(aboutOf(request)), (reason) => failure(request.method, reason))
      ),
      (place) => {
        const { answer, httpMethod, isRepeatable = httpMethod !== "POST", method } = request
        const read = readAs(method, answer)
        const asked = askedOf(request, httpMethod)
        const target = client(request)
        let wasLost = false
        const attempt = sent(place, asked, options, isAbout(request)).pipe(
          Effect.catch((error) => {
            // An earlier attempt, whose answer was lost, has deleted it.
            if (wasLost && httpMethod === "DELETE" && error.reason._tag === "NotFound") {
              return Effect.succeed<Heard>({ value: {}, headers: Headers.empty })
            }
            if (Lost.isLost(error)) wasLost = true
            return Effect.fail(error)
          }),
          Effect.flatMap(read)
        )
        const rule = plan(
          method,
          options,
          () => place,
          (policy, failed) =>
            !isRepeatable && Lost.isLost(failed.error) ? undefined : RetryKernel.delayAfter(policy, failed)
        )
        return Effect.map(
          LogicalCall.unary<Read<A>>(target, { ...rule, way: rule.way(target.target) }, () => attempt),
          ({ attempts, value }) => ({ value: value.read, headers: value.headers, member: place.name, attempts })
        )
      }
    )

  const create = <A>(request: Create<A>, options?: CallOptions) =>
    Effect.suspend(() => {
      const about = aboutOf(request)
      return Effect.flatMap(
        Effect.andThen(
          wrongOptions(request.method, options),
          Effect.mapError(places.makers(about), (reason) => failure(request.method, reason))
        ),
        (makers) => created(request, makers, options)
      )
    })

  const created = <A>(request: Create<A>, makers: ReadonlyArray<Place>, options: CallOptions | undefined) =>
    Effect.suspend(() => {
      const { answer, httpMethod = "POST", method, settle } = request
      const policy = RetryKernel.policy(retry, options?.retry)
      const again = Retried.make({ ...retry, ...options?.retry })
      const asked = askedOf(request, httpMethod)
      const read = readAs(method, answer)
      const target = client(request)
      const refused = new Set<Place>()
      /** The place of a create that has got no verdict yet. */
      let open: Place | undefined
      let last: Place | undefined
      let wasLost = false
      let isSettled = false

      const mayExist = (place: Place): MayExist => ({
        ...(settle?.name === undefined ? {} : { name: settle.name }),
        ...(settle?.displayName === undefined ? {} : { displayName: settle.displayName }),
        ...(place.name === undefined ? {} : { member: place.name })
      })

      /** Settles a failure that leaves it open whether something was made. */
      const settled = (place: Place, error: GeminiError): Effect.Effect<Read<A>, GeminiError> => {
        const isTaken = error.status === 409 && wasLost && settle?.name !== undefined
        if (!isTaken && !Lost.isLost(error)) {
          refused.add(place)
          open = undefined
          return Effect.fail(error)
        }
        wasLost = true
        const look: Settle.Look = (asked) =>
          Effect.map(again.effect(target.target, sent(place, asked, options, true)), ({ value }) => value)
        return Effect.flatMap(
          Settle.verdict(look, settle, `${method}.settle`, options, policy.baseDelay),
          (verdict) => {
            if (verdict._tag === "unknown") return Effect.fail(error.with({ mayExist: mayExist(place) }))
            open = undefined
            if (verdict._tag === "none") return Effect.fail(error)
            isSettled = true
            const value = settle?.read === undefined ? verdict.found : settle.read(verdict.found)
            return read({ value, headers: Headers.empty })
          }
        )
      }

      const attempt: Effect.Effect<Read<A>, GeminiError> = Effect.suspend(() => {
        const place = makers.find((maker) => !refused.has(maker)) ?? makers[0]
        if (place === undefined) return Effect.die("no maker was given")
        last = open = place
        places.asked(place)
        return sent(place, asked, options, isAbout(request)).pipe(
          Effect.flatMap(read),
          Effect.catch((error) => settled(place, error)),
          // What one member's API lacks may be made at another one, and nothing was sent yet.
          Effect.catchIf(
            (error) => error.reason._tag === "Unsupported" && makers.some((maker) => !refused.has(maker)),
            () => attempt
          ),
          Effect.tap(() => Effect.sync(() => open = undefined))
        )
      })

      const attempts = options?.retry?.attempts ?? retry?.attempts ?? Math.max(3, makers.length)
      const rule = plan(method, options, () => last, (policy, failed) => {
        const { error } = failed
        if (error.mayExist !== undefined) return undefined
        const isElsewhere = makers.some((maker) => !refused.has(maker))
        if (isElsewhere && failed.failures < attempts && (Lost.isUnsent(error) || isOfOneMember(error))) return 0
        return RetryKernel.delayAfter(policy, { ...failed, attempts })
      })
      return LogicalCall.unary<Read<A>>(target, { ...rule, way: rule.way(target.target) }, () => attempt).pipe(
        // The deadline of the whole call ends an attempt from outside.
        Effect.mapError((error) =>
          open === undefined || error.mayExist !== undefined ? error : error.with({ mayExist: mayExist(open) })
        ),
        Effect.map(({ attempts, value }) => {
          const name = Names.nameMade(request.path ?? "", value.value) ?? settle?.name ??
            Names.nameOf(request.path ?? request.url ?? "")
          const member = last?.name
          if (name !== undefined) places.remember(name, member)
          return {
            value: value.read,
            headers: value.headers,
            member,
            attempts,
            isSettled,
            handle: name === undefined ? undefined : { name, ...(member === undefined ? {} : { member }) }
          }
        })
      )
    })

  const download: Service["download"] = (request, options) =>
    Stream.unwrap(Effect.map(
      Effect.andThen(
        wrongOptions(request.method, options),
        Effect.mapError(places.owner(aboutOf(request)), (reason) => failure(request.method, reason))
      ),
      (place) => {
        const target = client(request)
        const rule = plan(request.method, options, () => place)
        return StreamedCall.stream<Uint8Array>(
          target,
          { ...rule, way: rule.way(target.target) },
          () =>
            place.carrier.bytes(askedOf(request, "GET"), ModelMethods.attemptOptions(options)).pipe(
              Stream.mapError((error) => isAbout(request) ? Lost.worded(error, place.name) : error),
              Stream.tapError((error) => places.heard(place, error))
            )
        )
      }
    ))

  return {
    members: places.names,
    ask,
    create,
    download,
    remember: ({ member, name }) => Effect.sync(() => places.remember(Names.nameOf(name) ?? name, member))
  }
}

/** Whether the request names something that the server keeps, which may be missing. */
const isAbout = ({ of = [], path, url }: Request): boolean =>
  of.length > 0 || Names.nameOf(path ?? url ?? "") !== undefined

/** Whether the member's key or quota is the cause, so that another member may do it. */
const isOfOneMember = ({ reason }: GeminiError): boolean =>
  reason._tag === "Unauthenticated" || reason._tag === "RateLimited" || reason._tag === "QuotaExhausted"
