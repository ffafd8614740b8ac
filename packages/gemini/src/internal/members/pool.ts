/**
 * The pool over members: what it knows of each of them, the client of each model, and where a call would go.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import * as GeminiConfig from "../../GeminiConfig.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as GeminiHttp from "../../GeminiHttp.ts"
import { WaitLog } from "../../limits/WaitLog.ts"
import { LiveTransport } from "../../live/LiveTransport.ts"
import type { Options, Service } from "../../Members.ts"
import type { Member } from "../../members/Member.ts"
import type * as ModelClient from "../../ModelClient.ts"
import * as ModelPool from "../../ModelPool.ts"
import * as ModelId from "../../models/ModelId.ts"
import * as ModelList from "../../models/ModelList.ts"
import * as RateLimiter from "../../RateLimiter.ts"
import * as Content from "../../wire/Content.ts"
import { CallGate } from "../call/CallGate.ts"
import * as CallLimits from "../call/limits.ts"
import type * as LogicalCall from "../call/LogicalCall.ts"
import * as Destination from "../http/destination.ts"
import * as ResourceNames from "../resources/names.ts"
import * as Circuits from "./circuit.ts"
import * as MemberClient from "./client.ts"
import { choiceOf } from "./Found.ts"
import * as MemberList from "./list.ts"
import * as Check from "./memberCheck.ts"
import { MemberTable } from "./MemberTable.ts"
import { MemberTransport } from "./MemberTransport.ts"
import { Pace } from "./Pace.ts"
import { ProbeTurns } from "./ProbeTurns.ts"
import { Refusals } from "./Refusals.ts"
import { type MemberState, providerOf } from "./Way.ts"

const isList = (models: NonNullable<Options["fallbackModels"]>): models is ReadonlyArray<string> =>
  Array.isArray(models)

const stateOf = Effect.fnUntraced(function*(
  options: Options,
  member: Member,
  regions: ReadonlyArray<string>
): Effect.fn.Return<MemberState, never, HttpClient.HttpClient> {
  const own = Check.optionsOf(options, member)
  const location = Check.locationOf(member)
  const { lacks, provider } = Destination.of(own)
  return {
    name: member.name,
    project: Check.projectOf(member),
    location,
    regionRank: regions.indexOf(location),
    weight: member.weight ?? 1,
    http: yield* GeminiHttp.make(own),
    limits: CallLimits.make(own),
    lacks,
    provider,
    isKeyRefused: false,
    calls: 0
  }
})

export const make = Effect.fnUntraced(function*(options: Options) {
  const wrong = Check.problem(options)
  const limiter = yield* RateLimiter.RateLimiter
  const gate = yield* CallGate.scoped(options.drain)
  const regions = Check.regionsOf(options)
  const table = new MemberTable(yield* Effect.forEach(options.members, (member) => stateOf(options, member, regions)))
  const circuits = yield* Circuits.fromContext(options.circuit)
  const below = yield* Effect.serviceOption(LiveTransport)
  const pace = new Pace()
  const turns = new ProbeTurns()
  const refusals = new Refusals(circuits.changed)
  const onWait = (yield* WaitLog)?.(options.tier)
  const total = options.timeouts?.total
  const fallbackModels = (model: ModelId.ModelId): ReadonlyArray<string> => {
    const { fallbackModels: fallback } = options
    if (fallback === undefined) return []
    if (isList(fallback)) return fallback
    return Object.hasOwn(fallback, model) ? fallback[model] ?? [] : []
  }

  const refuse = (field: string, description: string, model?: string): GeminiError =>
    new GeminiError({
      method: "members",
      ...(model === undefined ? {} : { model }),
      attempts: [],
      reason: new Reason.InvalidRequest({ fields: [{ field, description }] })
    })

  const names = table.members.map(({ name }) => name)
  const provider = providerOf(table.members)
  const routed = new WeakMap<ModelClient.ModelClient, MemberClient.MemberClient>()
  const client = (model: ModelId.ModelId | undefined): LogicalCall.Client => ({
    target: model ?? "models",
    model,
    gate,
    retry: options.retry,
    continuation: options.continuation,
    total: total === undefined ? Infinity : Duration.toMillis(total),
    provider
  })

  const clients = yield* ModelPool.makeWith(({ member, model }) => {
    if (wrong !== undefined) return Effect.fail(refuse(wrong.field, wrong.description, model))
    if (member !== "default" && table.named(member) === undefined) {
      return Effect.fail(
        refuse("member", `no member is called ${JSON.stringify(member)}; there are ${names.join(", ")}`, model)
      )
    }
    return Effect.sync(() => {
      const made = MemberClient.make({
        model,
        member: member === "default" ? undefined : member,
        table,
        limiter,
        circuits,
        pace,
        turns,
        refusals,
        client: client(model),
        fallbackModels,
        countInput: options.countInput,
        onWait
      })
      routed.set(made, made)
      return made
    })
  })

  const explain: Service["explain"] = (request, call) =>
    Effect.suspend(() => {
      const model = ModelId.parse(request.model ?? options.defaultModel ?? GeminiConfig.defaultModel)
      if (Result.isFailure(model)) return Effect.fail(refuse("model", model.failure))
      const body = {
        contents: Content.fromInput(request.contents),
        ...(request.cachedContent === undefined ? {} : { cachedContent: request.cachedContent })
      }
      return Effect.gen(function*() {
        const made = routed.get(yield* clients.get({ member: "default", model: model.success }))
        if (made === undefined) return { chosen: undefined, candidates: [], waiting: 0 }
        const route = yield* made.route(MemberClient.generation(body, "explain", { ...call, countInput: "estimate" }))
        const candidates = (yield* route.look).map(choiceOf)
        const chosen = candidates.find(({ excluded }) => excluded === undefined)
        return {
          chosen: chosen && { member: chosen.member, model: chosen.model },
          candidates,
          waiting: route.shared.room.size
        }
      })
    })

  const lists = table.members.map(({ http, provider }) =>
    ModelList.make({
      transport: http,
      gate,
      retry: options.retry,
      timeouts: options.timeouts,
      provider: () => provider
    })
  )
  const models = (wrong === undefined ? MemberList.make(lists) : undefined) ??
    MemberList.failing(refuse(wrong?.field ?? "members", wrong?.description ?? "there is none"))
  return {
    pool: ModelPool.ModelPool.of({ ...clients, models, providerName: provider }),
    names,
    explain,
    remember: (resource: string, member: string) =>
      Effect.sync(() => table.owners.set(ResourceNames.nameOf(resource) ?? resource, member)),
    readmit: (member: string) =>
      // The sessions of the same members may stand below this client, or beside it where the caller is.
      Effect.map(Effect.serviceOption(LiveTransport), (beside) => {
        refusals.readmit(member)
        const state = table.named(member)
        if (state !== undefined) state.isKeyRefused = false
        for (const live of new Set([Option.getOrUndefined(below), Option.getOrUndefined(beside)])) {
          if (live instanceof MemberTransport) live.readmit(member)
        }
      }),
    seat: { options, table, gate, client: yield* HttpClient.HttpClient }
  }
})
