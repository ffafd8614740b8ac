/**
 * One model's operations over members: each attempt goes where its route says.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { CallOptions } from "../../call/CallOptions.ts"
import type { GeminiErrorReason } from "../../errors/GeminiErrorReason.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import { GeminiError } from "../../GeminiError.ts"
import { Call } from "../../members/MemberCall.ts"
import type { ModelClient, Transport } from "../../ModelClient.ts"
import * as ModelId from "../../models/ModelId.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import type * as GenerateContent from "../../wire/GenerateContent.ts"
import * as Continuation from "../call/Continuation.ts"
import * as LogicalCall from "../call/LogicalCall.ts"
import * as Plans from "../call/plans.ts"
import * as RetryKernel from "../call/retry.ts"
import * as StreamedCall from "../call/streamedCall.ts"
import { estimateTokens } from "../limiter/tokenEstimate.ts"
import type { Circuits } from "./circuit.ts"
import * as MemberTable from "./MemberTable.ts"
import { MemberTransport } from "./MemberTransport.ts"
import * as Resources from "./resources.ts"
import { Room } from "./Room.ts"
import { type Ask, Route } from "./Route.ts"
import { type Family, type MemberState, Way } from "./Way.ts"

export interface Options {
  readonly model: ModelId.ModelId
  /** Of a client of one member. */
  readonly member: string | undefined
  readonly table: MemberTable.MemberTable<MemberState>
  readonly limiter: RateLimiter.Service
  readonly circuits: Circuits
  readonly client: LogicalCall.Client
  readonly continuation: GeminiConfig.Continuation | undefined
  readonly fallbackModels: (model: ModelId.ModelId) => ReadonlyArray<string>
}

/** What a call asks, apart from what its context says. */
export interface Question {
  readonly method: string
  readonly family: Family
  readonly options: CallOptions | undefined
  readonly tokens: () => number
  /** Of a generation. */
  readonly request?: GenerateContent.GenerateContentRequest | undefined
  readonly held: ReadonlyArray<Resources.Held>
  /** Whether another model may answer. */
  readonly isFree: boolean
}

export interface MemberClient extends ModelClient {
  /** The route that a call would take, or the reason why no way is open to it. */
  readonly route: (question: Question) => Effect.Effect<Route, GeminiError>
}

export const generation = (
  request: GenerateContent.GenerateContentRequest,
  method: string,
  options: CallOptions | undefined,
  transport?: Transport
): Question => {
  const held = Resources.heldBy(request)
  return {
    method,
    options,
    family: transport === undefined ? "generate" : "live",
    tokens: () => estimateTokens(request),
    request,
    held,
    // A cache is one model's.
    isFree: !held.some(({ field }) => field === "cachedContent")
  }
}

/** A member and a fallback model each. */
const maxWays = 1_024

/** Beyond it those where nobody waits are forgotten. */
const maxRooms = 256

export const make = (options: Options): MemberClient => {
  const { circuits, client, limiter, model, table } = options
  const ways = new Map<string, Way>()
  const rooms = new Map<string, Room>()

  const wayOf = (member: MemberState, model: ModelId.ModelId): Way => {
    const key = `${member.name}/${model}`
    const known = ways.get(key)
    if (known !== undefined) return known
    // Names may come from anywhere: what is forgotten is made anew.
    if (ways.size >= maxWays) ways.clear()
    const way = new Way(member, model, limiter)
    ways.set(key, way)
    return way
  }

  /** Of the calls that can go the same ways and wait for the same: others are not held up by them. */
  const roomOf = (family: Family, ways: ReadonlyArray<Way>, whenExhausted = "fail"): Room => {
    const key = `${family} ${whenExhausted} ${ways.map(({ member, model }) => `${member.name}/${model}`).join()}`
    const known = rooms.get(key)
    if (known !== undefined) return known
    if (rooms.size >= maxRooms) { for (const [key, { size }] of rooms) if (size === 0) rooms.delete(key) }
    const room = new Room()
    rooms.set(key, room)
    return room
  }

  const failed = (method: string, reason: GeminiErrorReason): GeminiError =>
    new GeminiError({ method, model, attempts: [], reason })

  /** A request as one of its ways counts it, on that way's own lane. */
  const asksOf = (request: GenerateContent.GenerateContentRequest) => (way: Way): RateLimiter.Admission["asks"] => ({
    request,
    count: Plans.counted(way.model, (counting) =>
      LogicalCall.unary(
        client,
        {
          ...Plans.counting,
          options: undefined,
          meter: way.lane("count").meter("countTokens", () => 0, undefined)
        },
        () => way.member.http.countTokens({ ...counting, model: way.model })
      ))
  })

  const route = (question: Question): Effect.Effect<Route, GeminiError> =>
    Effect.withFiber((fiber) => {
      const call = fiber.getRef(Call)
      const { family, held, isFree, method, options: callOptions, request, tokens } = question
      const reach = table.reach({ member: options.member ?? call.member, sticky: call.sticky, held })
      if (!MemberTable.isReachable(reach)) return Effect.fail(failed(method, reach))
      const models = [model]
      if (isFree) {
        for (const name of call.fallbackModels ?? options.fallbackModels(model)) {
          const fallback = ModelId.parse(name)
          if (Result.isFailure(fallback)) {
            return Effect.fail(failed(method, MemberTable.invalid("fallbackModels", fallback.failure)))
          }
          if (!models.includes(fallback.success)) models.push(fallback.success)
        }
      }
      const ask: Ask = {
        method,
        family,
        model,
        tokens,
        asks: request === undefined ? undefined : asksOf(request),
        options: callOptions,
        caller: call.caller ?? "",
        ways: models.flatMap((model) => reach.map((member) => wayOf(member, model))),
        avoid: call.avoid ?? [],
        sticky: call.sticky,
        attempts: callOptions?.retry?.attempts === undefined && client.retry?.attempts === undefined
          ? Math.max(3, reach.length + models.length - 1)
          : undefined
      }
      const room = roomOf(family, ask.ways, callOptions?.whenExhausted)
      const { maxDelay } = RetryKernel.policy(client.retry, callOptions?.retry)
      return Effect.succeed(new Route({ limiter, circuits, table, room }, ask, maxDelay))
    })

  const plan = (route: Route) => ({
    options: route.ask.options,
    meter: route,
    way: route.way,
    delayAfter: route.delayAfter
  })

  const generated = (route: Route, request: GenerateContent.GenerateContentRequest) => ({
    ...Plans.generation(
      route.ask.method,
      () => route.current?.model ?? model,
      (modelVersion) => route.current?.lane(route.ask.family).answeredBy(modelVersion)
    ),
    ...plan(route),
    chain: Continuation.make(route.ask.options?.continuation ?? options.continuation, request)
  })

  /** What carries an attempt: the way's own HTTP, or its own Live. */
  const carrier = (way: Way, transport: Transport | undefined): Transport =>
    transport === undefined
      ? way.member.http
      : transport instanceof MemberTransport
      ? transport.of(way.member.name)
      : transport

  const sent = <A>(route: Route, send: (way: Way) => Effect.Effect<A, GeminiError>) =>
    Effect.suspend(() => send(route.taken))

  const wire = LogicalCall.wireOptions

  return {
    model,
    route,
    generate: (request, callOptions, transport) =>
      Effect.flatMap(
        route(generation(request, "generateContent", callOptions, transport)),
        (route) =>
          LogicalCall.unary(
            client,
            generated(route, request),
            (token) =>
              sent(
                route,
                (way) =>
                  carrier(way, transport).generateContent(
                    { ...request, ...Continuation.from(token), model: way.model },
                    wire(callOptions)
                  )
              )
          )
      ),
    generateStream: (request, callOptions, transport) =>
      Stream.unwrap(
        Effect.map(route(generation(request, "generateContentStream", callOptions, transport)), (route) =>
          StreamedCall.stream(
            client,
            generated(route, request),
            (token) =>
              Stream.suspend(() => {
                const way = route.taken
                return route.judged(
                  carrier(way, transport).generateContentStream(
                    { ...request, ...Continuation.from(token), model: way.model },
                    wire(callOptions)
                  )
                )
              })
          ))
      ),
    countTokens: (request, callOptions) =>
      Effect.flatMap(
        route({
          method: "countTokens",
          family: "count",
          options: callOptions,
          // What is counted is not charged against the budget of tokens.
          tokens: () => 0,
          held: Resources.heldBy({
            contents: request.contents ?? request.generateContentRequest?.contents ?? [],
            cachedContent: request.generateContentRequest?.cachedContent
          }),
          // Models count differently.
          isFree: false
        }),
        (route) =>
          LogicalCall.unary(
            client,
            { ...Plans.counting, ...plan(route) },
            () => sent(route, (way) => way.member.http.countTokens({ ...request, model: way.model }, wire(callOptions)))
          )
      ),
    embed: (request, callOptions) =>
      Effect.flatMap(
        route({
          method: "batchEmbedContents",
          family: "embed",
          options: callOptions,
          tokens: () => estimateTokens(request),
          held: [],
          // Vectors of two models do not compare.
          isFree: false
        }),
        (route) =>
          LogicalCall.unary(
            client,
            { ...Plans.embedding, ...plan(route) },
            () =>
              sent(
                route,
                (way) => way.member.http.batchEmbedContents({ ...request, model: way.model }, wire(callOptions))
              )
          )
      )
  }
}
