/** Members whose lanes a test opens and shuts by hand, with a count of what was taken there and given back. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import type { CallOptions } from "../../src/call/CallOptions.ts"
import type { GeminiError } from "../../src/GeminiError.ts"
import * as GeminiHttp from "../../src/GeminiHttp.ts"
import { seenBy } from "../../src/internal/limiter/headroom.ts"
import * as Circuit from "../../src/internal/members/circuit.ts"
import { MemberTable } from "../../src/internal/members/MemberTable.ts"
import { Pace } from "../../src/internal/members/Pace.ts"
import { ProbeTurns } from "../../src/internal/members/ProbeTurns.ts"
import { Refusals } from "../../src/internal/members/Refusals.ts"
import { Route } from "../../src/internal/members/Route.ts"
import type { RouteAsk } from "../../src/internal/members/RouteAsk.ts"
import { WaitingRoom } from "../../src/internal/members/WaitingRoom.ts"
import { type MemberState, Way } from "../../src/internal/members/Way.ts"
import * as ModelId from "../../src/models/ModelId.ts"
import type * as RateLimiter from "../../src/RateLimiter.ts"

export const model = Result.getOrThrow(ModelId.parse("gemini-3.8-flash"))
export const other = Result.getOrThrow(ModelId.parse("gemini-3.8-pro"))

/** What a lane does with those who ask it. */
export interface Script {
  /** How soon it says that it would admit a call. */
  admitsIn?: number
  /** Which share of its quota it says is free. */
  readonly free?: number
  /** What a call goes through before its permit. */
  gives?: (admission: RateLimiter.Admission) => Effect.Effect<void, GeminiError>
}

export interface Options {
  /** The members by name, each with what it has of its own. */
  readonly members?: Readonly<Record<string, Partial<MemberState>>>
  readonly models?: ReadonlyArray<ModelId.ModelId>
  readonly circuit?: Circuit.Options | false
  /** Whether the limiter tells on the call how its lanes stand, as the limiter of a client does. */
  readonly isSeen?: boolean
}

/** The lanes are known by project, model and location, and a script by the first of them. */
export const make = Effect.fnUntraced(function*(scripts: Readonly<Record<string, Script>>, options: Options = {}) {
  const http = yield* Effect.provideService(
    GeminiHttp.make({}),
    HttpClient.HttpClient,
    HttpClient.make(() => Effect.never)
  )
  /** What happened at the lanes, in order: who was asked, who gave a permit, and what became of it. */
  const log: Array<string> = []
  const held = new Set<object>()
  const admissions: Array<RateLimiter.Admission> = []
  /** What lanes were asked for their headroom. */
  const looks: Array<Parameters<RateLimiter.Service["headroom"]>[0]> = []
  const headroomAt = (question: (typeof looks)[number]): RateLimiter.Headroom => {
    looks.push(question)
    const { admitsIn = 0, free = 1 } = scripts[question.lane.project] ?? {}
    return { admitsIn, waiting: 0, free }
  }

  const acquire: RateLimiter.Service["acquire"] = (admission) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const { lane: { project } } = admission
        admissions.push(admission)
        log.push(`${project} asked`)
        const script = scripts[project] ?? {}
        yield* Effect.onInterrupt(restore(script.gives?.(admission) ?? Effect.void), () =>
          Effect.sync(() => void log.push(`${project} left`)))
        log.push(`${project} given`)
        const mine = {}
        held.add(mine)
        yield* Scope.addFinalizer(
          yield* Effect.scope,
          Effect.sync(() => {
            if (held.delete(mine)) {
              log.push(`${project} ended`)
            }
          })
        )
        return {
          settle: () =>
            Effect.void,
          cancel: Effect.sync(() => {
            if (held.delete(mine)) log.push(`${project} cancelled`)
          })
        }
      })
    )
  const limiter: RateLimiter.Service = {
    acquire,
    use: (admission, f) => Effect.scoped(Effect.flatMap(acquire(admission), f)),
    feedback: () => Effect.void,
    moved: () => Effect.void,
    headroom: (question) => Effect.sync(() => headroomAt(question)),
    snapshot: Effect.succeed([])
  }
  if (options.isSeen === true) seenBy(limiter, headroomAt)

  const named: Options["members"] = options.members ??
    Object.fromEntries(Object.keys(scripts).map((name) => [name, {}]))
  const members = Object.entries(named)
    .map(([name, own]): MemberState => ({
      name,
      project: name,
      location: "global",
      regionRank: 0,
      weight: 1,
      http,
      provider: "gcp.gemini",
      lacks: () => undefined,
      limits: () => () => ({ rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }),
      isKeyRefused: false,
      calls: 0,
      ...own
    }))
  const ways = (options.models ?? [model]).flatMap((model) => members.map((member) => new Way(member, model, limiter)))
  const circuits = yield* Circuit.fromContext(options.circuit)
  const room = new WaitingRoom()
  const refusals = new Refusals(circuits.changed)
  const pace = new Pace()
  const turns = new ProbeTurns()
  const table = new MemberTable(members)
  /** The waits that nobody observes. */
  const waits: Array<RateLimiter.LaneKey> = []

  return {
    log,
    held,
    admissions,
    looks,
    limiter,
    table,
    ways,
    circuits,
    room,
    refusals,
    pace,
    turns,
    waits,
    script: (name: string): Script => scripts[name] ?? assert.fail(`no lane ${name}`),
    way: (nth: number): Way => ways[nth] ?? assert.fail(`no way ${nth}`),
    /** The route of one call. */
    route: (options?: CallOptions, more: Partial<RouteAsk> = {}, patience = 60_000) =>
      new Route({
        limiter,
        circuits,
        table,
        room,
        pace,
        turns,
        refusals,
        onWait: ({ lane }) => Effect.sync(() => void waits.push(lane))
      }, {
        method: "generateContent",
        family: "generate",
        model,
        tokens: () => 1,
        counted: undefined,
        asks: undefined,
        options,
        caller: "",
        ways,
        avoid: [],
        sticky: undefined,
        isNamed: false,
        isHeld: false,
        attempts: undefined,
        total: Infinity,
        ...more
      }, patience),
    /** Opens the circuits of these ways. */
    open: (...opened: ReadonlyArray<Way>) =>
      Effect.forEach(
        opened,
        (way) =>
          Effect.forEach([1, 2, 3], () =>
            Effect.flatMap(circuits.enter(way.circuit("generate")), (report) =>
              Effect.andThen(
                Effect.sync(() =>
                  report?.(CircuitBreaker.failure())
                ),
                Effect.yieldNow
              )))
      ),
    /** What is left of the calls once all are over: nothing. */
    rest: () => ({ held: held.size, room: room.size, watchers: circuits.watchers.size })
  }
})
