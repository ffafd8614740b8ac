/** The service of an emulator, by calls of its admin API. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpApiClient from "effect/http-api/HttpApiClient"
import type * as AdminApi from "../../admin/AdminApi.ts"
import * as Data from "../../admin/AdminData.ts"
import * as Problem from "../../admin/AdminProblem.ts"
import type { Service } from "../../Emulator.ts"
import type * as Fault from "../../Fault.ts"
import * as ModelTable from "../../ModelTable.ts"
import { RuleError } from "../../RuleError.ts"
import { Scenario } from "../../Scenario.ts"
import { type Options, SpaceError } from "../../Space.ts"
import * as Portable from "./portable.ts"
import * as RemoteCassette from "./remoteCassette.ts"
import * as RemoteHolds from "./remoteHolds.ts"
import * as RemoteLog from "./remoteLog.ts"
import * as RemoteResources from "./remoteResources.ts"
import * as RemoteVertex from "./remoteVertex.ts"

export type Client = HttpApiClient.ForApi<typeof AdminApi.Api>

interface Reached {
  readonly client: Client
  /** The address of the emulator, without a space. */
  readonly address: string
  /** What the program is told where the emulator cannot be reached. */
  readonly failure: (error: unknown) => Error
}

/** The options as data. A table of models cannot go; that every model is taken can. */
const settings = (options: Options | undefined): Effect.Effect<typeof Data.SpaceSettings.Type | null, RuleError> => {
  if (options === undefined) return Effect.succeed(null)
  const { cassette, models, ...rest } = options
  if (cassette !== undefined) {
    const message = "an open cassette cannot go to an emulator of another process: setCassette lets it open one"
    return Effect.fail(new RuleError({ source: "options", problems: [{ path: "cassette", message }] }))
  }
  const isCurrent = models?.rows === ModelTable.current.rows
  if (models !== undefined && !isCurrent) {
    const message = "a table of models cannot go to an emulator of another process"
    return Effect.fail(new RuleError({ source: "options", problems: [{ path: "models", message }] }))
  }
  const anyModel = models?.acceptAnyModel === true ? { anyModel: true } : {}
  return Effect.mapError(
    Portable.data(Data.SpaceSettings, { ...rest, ...anyModel }, ""),
    ({ problems }) => new RuleError({ source: "options", problems })
  )
}

export const make = (reached: Reached, space: string): Service => {
  const { address, client, failure } = reached
  const params = { space }
  const url = space === "default" ? address : `${address}/spaces/${space}`
  /** The ids of the faults that were added here, by the very objects. */
  const ids = new Map<Fault.Fault, string>()
  /** What cannot go wrong in one process is a defect here. */
  const sure = <A>(effect: Effect.Effect<A, unknown>): Effect.Effect<A> =>
    Effect.catch(effect, (error) => Effect.die(error instanceof RuleError ? error : failure(error)))
  /** The mistakes that the emulator finds, at their places in what the program gave. */
  const checked = <A>(effect: Effect.Effect<A, unknown>, root = ""): Effect.Effect<A, RuleError> =>
    Effect.catch(effect, (error) => {
      if (error instanceof RuleError) return Effect.fail(error)
      if (!(error instanceof Problem.WrongRequest)) return Effect.die(failure(error))
      return Effect.fail(new RuleError({ problems: error.problems.map((each) => Portable.within(root, each)) }))
    })
  const there = (effect: Effect.Effect<unknown, unknown>): Effect.Effect<boolean> =>
    sure(
      Effect.catch(Effect.as(effect, true), (error) =>
        error instanceof Problem.NotThere || error instanceof Problem.SpaceEnded
          ? Effect.succeed(false)
          : Effect.fail(error))
    )
  const spaceError = (name: string) => (error: unknown): Effect.Effect<never, SpaceError> =>
    error instanceof Problem.NotPossible || error instanceof Problem.SpaceEnded
      ? Effect.fail(new SpaceError({ space: name, description: error.detail }))
      : Effect.die(failure(error))

  return {
    url,
    regionUrl: (region) => `${url}/locations/${encodeURIComponent(region)}`,
    spaceName: space,
    space: (name, options) =>
      settings(options).pipe(
        Effect.flatMap((payload) =>
          Effect.catch(
            client.makeSpace({ params: { space: name }, payload }),
            (error): Effect.Effect<never, RuleError | SpaceError> =>
              error instanceof Problem.WrongRequest
                ? Effect.fail(new RuleError({ source: "options", problems: error.problems }))
                : spaceError(name)(error)
          )
        ),
        Effect.as(make(reached, name))
      ),
    endSpace: (name) =>
      Effect.catch(
        Effect.as(client.endSpace({ params: { space: name } }), true),
        (error) =>
          error instanceof Problem.NotThere || error instanceof Problem.SpaceEnded
            ? Effect.succeed(false)
            : spaceError(name)(error)
      ),
    spaces: Effect.map(sure(client.listSpaces()), ({ spaces, ...counts }) => ({
      ...counts,
      spaces: spaces.map(({ createdAt, name, open, requests, usedAt }) => ({ name, createdAt, usedAt, open, requests }))
    })),
    enqueue: (...answers) =>
      sure(
        Effect.flatMap(Portable.data(Data.Answers.fields.answers, answers, "answers"), (answers) =>
          checked(client.enqueue({ params, payload: { answers } })))
      ),
    waiting: Effect.map(sure(client.getQueue({ params })), ({ waiting }) => waiting),
    setRules: (rules, otherwise, vars) =>
      Effect.flatMap(
        Portable.data(Scenario.fields.rule, rules, "rules"),
        (rule) => named(checked(client.setRules({ params, payload: { rule, otherwise, vars } })))
      ),
    addRules: (rules, place) =>
      Effect.flatMap(
        Portable.data(Data.MoreRules.fields.rule, rules, "rule"),
        (rule) => Effect.asVoid(checked(client.addRules({ params, payload: { rule, place } })))
      ),
    removeRule: (rule) => there(client.removeRule({ params: { space, rule } })),
    setScenario: (scenario) => checked(client.setScenario({ payload: scenario ?? null })),
    rules: Effect.map(sure(client.listRules({ params })), ({ rules }) => rules),
    addFault: (...faults) =>
      sure(
        Effect.forEach(faults, (fault, i) =>
          Effect.flatMap(Portable.data(Data.FaultData, fault, `faults[${i}]`), (payload) =>
            Effect.map(checked(client.addFault({ params, payload }), `faults[${i}]`), ({ id }) => {
              ids.set(fault, id)
              return id
            })))
      ),
    removeFault: (...faults) =>
      Effect.map(
        Effect.forEach(faults, (fault) => {
          const id = typeof fault === "string" ? fault : ids.get(fault)
          return id === undefined ? Effect.succeed(false) : there(client.removeFault({ params: { space, fault: id } }))
        }),
        (removed) => removed.filter((is) => is).length
      ),
    faults: Effect.map(sure(client.listFaults({ params })), ({ faults }) => faults),
    setQuotas: (quotas) =>
      Effect.flatMap(
        Portable.data(Data.QuotaData, quotas ?? null, "quotas"),
        (payload) => checked(client.setQuotas({ params, payload }), "quotas")
      ),
    quotas: Effect.map(sure(client.getQuotas({ params })), ({ quotas }) => quotas),
    setKeys: (keys) =>
      Effect.flatMap(
        Portable.data(Data.KeyData, keys ?? null, "keys"),
        (payload) => checked(client.setKeys({ params, payload }), "keys")
      ),
    adjust: (duration) => {
      const advance = Duration.toMillis(Duration.fromInputUnsafe(duration))
      return Effect.asVoid(sure(client.moveClock({ params, payload: { advance } })))
    },
    setTime: (at) => Effect.asVoid(sure(client.moveClock({ params, payload: { at } }))),
    setFrozen: (frozen) => Effect.asVoid(sure(client.moveClock({ params, payload: { frozen } }))),
    clock: sure(client.getClock({ params })),
    verify: (expectations, order) =>
      Effect.flatMap(
        Portable.data(Data.Expectations.fields.expect, expectations, "expect"),
        (expect) =>
          checked(Effect.catch(client.verify({ params, payload: { expect, inOrder: order?.inOrder } }), (error) =>
            error instanceof Problem.NotAsExpected && error.verification !== undefined
              ? Effect.succeed(error.verification)
              : Effect.fail(error)))
      ),
    check: (ignored = []) =>
      sure(Effect.catch(
        client.check({ params, query: ignored.length === 0 ? {} : { ignore: ignored.join(",") } }),
        (error) =>
          error instanceof Problem.NotAsExpected && error.check !== undefined
            ? Effect.succeed(error.check)
            : Effect.fail(error)
      )),
    explain: (payload) => sure(client.explain({ params, payload })),
    ...RemoteCassette.make(client, space, sure, checked, (error) => error instanceof Problem.NotThere),
    holds: RemoteHolds.make(client, space, sure, checked, (error) => error instanceof Problem.NotThere),
    vertex: RemoteVertex.make(client, space, sure, checked),
    live: RemoteLog.live(client, space, sure),
    ...RemoteResources.make(client, space, sure, there),
    ...RemoteLog.make(client, space, sure),
    clear: sure(client.reset({ params, payload: null })),
    reset: sure(client.reset({ params, payload: { rules: "keep" } }))
  }
}

/** In one process the list of rules is called `rules`. */
const named = (effect: Effect.Effect<unknown, RuleError>): Effect.Effect<void, RuleError> =>
  Effect.asVoid(
    Effect.mapError(effect, ({ problems }) =>
      new RuleError({
        problems: problems.map(({ message, path }) => ({ path: path.replace(/^rule\b/, "rules"), message }))
      }))
  )
