/**
 * One model's operations over members: each attempt goes where its route says.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { CallOptions } from "../../call/CallOptions.ts"
import type { GeminiErrorReason, Unsupported } from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import { Call } from "../../members/MemberCall.ts"
import type { ModelClient, Transport } from "../../ModelClient.ts"
import * as ModelId from "../../models/ModelId.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import type * as GenerateContent from "../../wire/GenerateContent.ts"
import * as Operations from "../call/clientOperations.ts"
import type * as LogicalCall from "../call/LogicalCall.ts"
import * as RetryKernel from "../call/retry.ts"
import * as ModelMethods from "../http/modelMethods.ts"
import type { Estimate } from "../limiter/Tally.ts"
import { estimateOf } from "../limiter/tokenEstimate.ts"
import type { Circuits } from "./circuit.ts"
import * as MemberTable from "./MemberTable.ts"
import { MemberTransport } from "./MemberTransport.ts"
import type { Pace } from "./Pace.ts"
import type { ProbeTurns } from "./ProbeTurns.ts"
import type { Refusals } from "./Refusals.ts"
import * as Resources from "./resources.ts"
import { Route } from "./Route.ts"
import type { RouteAsk } from "./RouteAsk.ts"
import { WaitingRoom } from "./WaitingRoom.ts"
import { type Family, type MemberState, Way } from "./Way.ts"

export interface Options {
  readonly model: ModelId.ModelId
  /** The member, for the client of a single one. */
  readonly member: string | undefined
  readonly table: MemberTable.MemberTable<MemberState>
  readonly limiter: RateLimiter.Service
  readonly circuits: Circuits
  readonly pace: Pace
  readonly turns: ProbeTurns
  readonly refusals: Refusals
  readonly client: LogicalCall.Client
  readonly fallbackModels: (model: ModelId.ModelId) => ReadonlyArray<string>
  readonly countInput: CallOptions["countInput"]
  readonly onWait: RateLimiter.Admission["onWait"]
}

/** What a call asks, without what its context says. */
export interface Question {
  readonly method: string
  readonly family: Family
  readonly options: CallOptions | undefined
  readonly tokens: () => Estimate
  /** The request of a generation. */
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
    tokens: () => estimateOf(request),
    request,
    held,
    // A cache belongs to one model.
    isFree: !held.some(({ field }) => field === "cachedContent")
  }
}

/** The most ways that are kept: a way is a member with a model. */
const maxWays = 1_024

/** The most rooms. Beyond that, those where nobody waits are forgotten. */
const maxRooms = 256

export const make = (options: Options): MemberClient => {
  const { circuits, client, limiter, model, onWait, pace, refusals, table, turns } = options
  /** One member of each API. */
  const apis = Array.from(new Set(table.members.map(({ lacks }) => lacks)), (lacks) => ({ lacks }))
  const ways = new Map<string, Way>()
  const rooms = new Map<string, WaitingRoom>()
  /** The ways over all members, by the models. Most calls ask for the same. */
  const lists = new Map<string, ReadonlyArray<Way>>()

  const wayOf = (member: MemberState, model: ModelId.ModelId): Way => {
    const key = `${member.name}/${model}`
    const known = ways.get(key)
    if (known !== undefined) return known
    // Names may come from anywhere; a way that was forgotten is made anew.
    if (ways.size >= maxWays) {
      ways.clear()
      lists.clear()
    }
    const way = new Way(member, model, limiter)
    ways.set(key, way)
    return way
  }

  const waysOf = (reach: ReadonlyArray<MemberState>, models: ReadonlyArray<ModelId.ModelId>): ReadonlyArray<Way> => {
    const make = () => models.flatMap((model) => reach.map((member) => wayOf(member, model)))
    if (reach.length < table.members.length) return make()
    const key = models.join()
    const known = lists.get(key)
    if (known !== undefined) return known
    const list = make()
    if (lists.size >= maxRooms) lists.clear()
    lists.set(key, list)
    return list
  }

  /** The room of calls that can go the same ways and wait for the same things; other calls are not held up by them. */
  const roomOf = (
    family: Family,
    reach: ReadonlyArray<MemberState>,
    models: ReadonlyArray<ModelId.ModelId>,
    options: CallOptions | undefined
  ): WaitingRoom => {
    const { limits, tier, whenExhausted = "fail" } = options ?? {}
    // Who waits for limits of its own holds up nobody who has none, or others.
    const own = limits === undefined && tier === undefined ? "" : JSON.stringify([limits, tier])
    const names = reach.length < table.members.length ? `only ${reach.map(({ name }) => name).join("\n")}` : "all"
    const key = `${family} ${whenExhausted} ${own} ${models.join()}\n\n${names}`
    const known = rooms.get(key)
    if (known !== undefined) return known
    if (rooms.size >= maxRooms) { for (const [key, { size }] of rooms) if (size === 0) rooms.delete(key) }
    const room = new WaitingRoom()
    rooms.set(key, room)
    return room
  }

  const failed = (method: string, reason: GeminiErrorReason): GeminiError =>
    new GeminiError({ method, model, attempts: [], reason })

  /** A request as one of its ways counts it, on that way's own lane. */
  const asksOf = (request: GenerateContent.GenerateContentRequest) => (way: Way): RateLimiter.Admission["asks"] => ({
    request,
    count: (request) =>
      Operations.counted(client, {
        options: undefined,
        meter: way.lane("count").meter("countTokens", () => 0, undefined),
        model: () => way.model,
        carrier: () => ModelMethods.of(way.member.http)
      }, request)
  })

  const countedFirst = (request: GenerateContent.GenerateContentRequest, call: CallOptions | undefined) => {
    if ((call?.countInput ?? options.countInput) !== "server") return undefined
    const generateContentRequest = { ...request, model: ModelId.resource(model) }
    return Operations.countedFirst(
      estimateOf(request),
      "server",
      () => Effect.map(self.countTokens({ generateContentRequest }), ({ value }) => value)
    )
  }

  const route = (question: Question): Effect.Effect<Route, GeminiError> =>
    Effect.withFiber((fiber) => {
      const call = fiber.getRef(Call)
      const { family, held, isFree, method, options: callOptions, request, tokens } = question
      const found = table.reach({ member: options.member ?? call.member, held })
      if (!MemberTable.isReachable(found)) return Effect.fail(failed(method, found))
      // Members of one API lack the same.
      const lacking = new Map<MemberState["lacks"], Unsupported | undefined>()
      const lack = ({ lacks }: Pick<MemberState, "lacks">): Unsupported | undefined => {
        if (!lacking.has(lacks)) lacking.set(lacks, lacks({ method, model, body: request }))
        return lacking.get(lacks)
      }
      const [first] = found
      // Mostly nobody lacks anything, and then no member is looked at.
      const isWhole = apis.every((api) => lack(api) === undefined)
      const reach = isWhole ? found : found.filter((member) => lack(member) === undefined)
      const missing = reach.length === 0 && first !== undefined ? lack(first) : undefined
      if (missing !== undefined) return Effect.fail(failed(method, missing))
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
      const ask: RouteAsk = {
        method,
        family,
        model,
        tokens,
        counted: request === undefined ? undefined : countedFirst(request, callOptions),
        asks: request === undefined ? undefined : asksOf(request),
        options: callOptions,
        caller: call.caller ?? "",
        ways: waysOf(reach, models),
        avoid: call.avoid ?? [],
        sticky: call.sticky,
        isNamed: (options.member ?? call.member) !== undefined,
        isHeld: held.length > 0,
        attempts: callOptions?.retry?.attempts === undefined && client.retry?.attempts === undefined
          ? Math.max(3, reach.length + models.length - 1)
          : undefined,
        total: callOptions?.timeouts?.total === undefined
          ? client.total
          : Duration.toMillis(Duration.fromInputUnsafe(callOptions.timeouts.total))
      }
      const room = roomOf(family, reach, models, callOptions)
      const { maxDelay } = RetryKernel.policy(client.retry, callOptions?.retry)
      return Effect.succeed(new Route({ limiter, circuits, table, room, pace, turns, refusals, onWait }, ask, maxDelay))
    })

  const course = (route: Route) => ({
    options: route.ask.options,
    meter: route,
    way: route.way,
    delayAfter: route.delayAfter,
    model: () => route.current?.model ?? model,
    carrier: () => ModelMethods.of(route.taken.member.http)
  })

  const heardBy = (route: Route): Operations.HeardCourse["heard"] => (answer, isFinal) => {
    const { ask: { family }, current, estimate = 0 } = route
    current?.lane(family).answeredBy(answer.modelVersion)
    current?.lane(family).heard(estimate, answer, isFinal)
  }

  /** What carries an attempt is the way's own HTTP, or its own Live. */
  const generating = (route: Route, transport: Transport | undefined): Operations.Generating => ({
    ...course(route),
    carrier: () =>
      transport === undefined
        ? ModelMethods.of(route.taken.member.http)
        : ModelMethods.generating(
          transport instanceof MemberTransport ? transport.of(route.taken.member.name) : transport
        ),
    heard: heardBy(route),
    judged: route.judged
  })

  const self: MemberClient = {
    model,
    route,
    generate: (request, callOptions, transport) =>
      Effect.flatMap(
        route(generation(request, "generateContent", callOptions, transport)),
        (route) => Operations.generate(client, generating(route, transport), request)
      ),
    generateStream: (request, callOptions, transport) =>
      Stream.unwrap(
        Effect.map(
          route(generation(request, "generateContentStream", callOptions, transport)),
          (route) => Operations.generateStream(client, generating(route, transport), request)
        )
      ),
    countTokens: (request, callOptions) =>
      Effect.flatMap(
        route({
          method: "countTokens",
          family: "count",
          options: callOptions,
          // countTokens is not charged against the budget of tokens.
          tokens: () => 0,
          held: Resources.heldBy({
            contents: request.contents ?? request.generateContentRequest?.contents ?? [],
            cachedContent: request.generateContentRequest?.cachedContent
          }),
          // Each model counts differently, so no other may answer.
          isFree: false
        }),
        (route) => Operations.countTokens(client, course(route), request)
      ),
    embed: (request, callOptions) =>
      Effect.flatMap(
        route({
          method: "batchEmbedContents",
          family: "embed",
          options: callOptions,
          tokens: () => estimateOf(request),
          held: [],
          // Vectors of two models cannot be compared, so no other may answer.
          isFree: false
        }),
        (route) => Operations.embed(client, { ...course(route), heard: heardBy(route) }, request)
      ),
    extra: (asked, callOptions) => {
      const question = generation(asked.like, asked.method, callOptions)
      return Effect.flatMap(
        route({
          ...question,
          held: [...question.held, ...(asked.held ?? [])],
          // It is not known whether another model has the method, nor whether its answers compare.
          isFree: false
        }),
        (route) => asked.play(client, course(route))
      )
    }
  }
  return self
}
