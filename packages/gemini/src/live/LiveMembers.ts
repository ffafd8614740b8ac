/**
 * Live sessions over the members of a client: a session is opened at the member with the
 * most room whose circuit is closed, at the next one if that fails, and resumed where it was.
 *
 * It stands apart from `Members`, so that a program without Live loads none of it.
 *
 * ```ts
 * import * as LiveMembers from "effect-gemini/live/LiveMembers"
 * import * as Members from "effect-gemini/Members"
 * import * as RateLimiter from "effect-gemini/RateLimiter"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * const options = {
 *   members: [
 *     { name: "one", apiKey: Redacted.make(process.env.ONE_KEY ?? "") },
 *     { name: "two", apiKey: Redacted.make(process.env.TWO_KEY ?? "") }
 *   ]
 * }
 * // Needs an HttpClient and a Socket.WebSocketConstructor.
 * const Gemini = Members.layerNoLimiter(options).pipe(
 *   Layer.provideMerge(LiveMembers.layer(options)),
 *   Layer.provideMerge(RateLimiter.layer)
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type * as Socket from "effect/socket/Socket"
import * as Reason from "../errors/LiveErrorReason.ts"
import * as GeminiLive from "../GeminiLive.ts"
import * as CallLimits from "../internal/call/limits.ts"
import * as CallSessions from "../internal/live/callSessions.ts"
import * as LiveClose from "../internal/live/close.ts"
import * as LiveOpen from "../internal/live/open.ts"
import * as RoutedTurn from "../internal/live/routedTurn.ts"
import * as LiveLimits from "../internal/live/sessionLimits.ts"
import * as Circuits from "../internal/members/circuit.ts"
import * as Check from "../internal/members/memberCheck.ts"
import * as MemberTable from "../internal/members/MemberTable.ts"
import { MemberTransport } from "../internal/members/MemberTransport.ts"
import * as MemberOrder from "../internal/members/order.ts"
import * as Refusals from "../internal/members/Refusals.ts"
import { LiveError } from "../LiveError.ts"
import type * as Members from "../Members.ts"
import { Call } from "../members/MemberCall.ts"
import * as ModelAlias from "../models/ModelAlias.ts"
import * as ModelId from "../models/ModelId.ts"
import * as RateLimiter from "../RateLimiter.ts"
import type { LiveSession } from "./LiveSession.ts"
import { LiveTransport, type Service } from "./LiveTransport.ts"

/**
 * The options of the members, and those of Live alone.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options
  extends Members.Options, Pick<GeminiLive.TransportOptions, "defaultLiveModel" | "keyInUrl" | "warm">
{}

interface LiveMember extends MemberTable.Home {
  readonly open: LiveOpen.Open
  readonly limits: CallLimits.LimitsOf
  readonly regionRank: number
  readonly weight: number
  /** How many sessions were opened there. */
  calls: number
  /** Whether its key was refused when it was last used. */
  isKeyRefused: boolean
}

/**
 * The services that {@link layer} provides, over the limiter and the WebSockets of the context. Building them does no
 * I/O.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options) {
  const wrong = Check.problem(options)
  const limiter = yield* RateLimiter.RateLimiter
  const circuits = yield* Circuits.fromContext(options.circuit)
  const regions = Check.regionsOf(options)
  const owners = new MemberTable.Owners()
  const refusals = new Refusals.Refusals(circuits.changed)
  const transports = new Map<string, Service>()
  const members = yield* Effect.forEach(options.members, (member) =>
    Effect.gen(function*() {
      const own = Check.optionsOf(options, member)
      const place = { project: Check.projectOf(member), location: Check.locationOf(member) }
      const onHandle = (handle: string): void => owners.set(handle, member.name)
      const open = yield* LiveOpen.make(own, { ...place, onHandle })
      const sessions = yield* CallSessions.make({ ...own, warm: options.warm }, open, place)
      transports.set(member.name, RoutedTurn.make(own, sessions))
      const live: LiveMember = {
        ...place,
        name: member.name,
        open,
        limits: CallLimits.make(own),
        regionRank: regions.indexOf(place.location),
        weight: member.weight ?? 1,
        calls: 0,
        isKeyRefused: false
      }
      return live
    }))
  const table = new MemberTable.MemberTable(members, owners)

  const refuse = (model: string, field: string, description: string): LiveError =>
    new LiveError({ method: "connect", model, reason: new Reason.InvalidSetup({ fields: [{ field, description }] }) })

  /** The members in the order of choice. Those with an open circuit are left out if there are others. */
  const ordered = Effect.fnUntraced(function*(
    reach: ReadonlyArray<LiveMember>,
    model: ModelId.ModelId,
    avoid: ReadonlyArray<string>,
    home: string | undefined
  ) {
    const quotaModel = ModelAlias.quotaModel(model)
    const found = yield* Effect.forEach(reach, (member) =>
      Effect.gen(function*() {
        const { calls, isKeyRefused, location, name, project, regionRank, weight } = member
        const lane = { project, location, quotaModel, family: "liveSession" as const }
        const limits = LiveLimits.sessionLimits(member.limits(model)(quotaModel))
        const headroom = yield* limiter.headroom({ lane, limits, tokens: 0 })
        const circuit = yield* circuits.state(`${name}/${model}/live`)
        const rank = regionRank + (avoid.includes(name) ? 1_000 : 0)
        return {
          member,
          headroom,
          share: MemberOrder.usedShare(headroom, weight),
          isOpen: circuit.retryIn <= 0,
          failures: 0,
          modelRank: 0,
          regionRank: rank,
          isKeyRefused,
          weight,
          calls
        }
      }))
    const now = yield* Clock.currentTimeMillis
    const open = found.filter(({ isOpen }) => isOpen)
    const admitted = open.filter(({ member }) => refusals.at(siteOf(member, model), now) === undefined)
    const taken = admitted.length > 0 ? admitted : open.length > 0 ? open : found
    const members = MemberOrder.order(taken).map(({ member }) => member)
    const isHome = (member: LiveMember) => home !== undefined && table.isBeside(member, home)
    return [...members.filter(isHome), ...members.filter((member) => !isHome(member))]
  })

  const siteOf = ({ name }: LiveMember, model: string): Refusals.Site => ({ member: name, model, family: "live" })

  const outcome = (error: LiveError): CircuitBreaker.Outcome =>
    error.isRetryable && error.reason._tag !== "Limited" ? CircuitBreaker.failure() : CircuitBreaker.ignored

  /**
   * Opens a session through the member's circuit; `undefined` if that is open. The result is reported without an
   * interruption in between.
   */
  const through = <A, R>(key: string, member: LiveMember, open: Effect.Effect<A, LiveError, R>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(circuits.enter(key), (verdict) => {
        if (verdict === undefined) return Effect.undefined
        member.calls++
        return Effect.result(Effect.onExit(restore(open), (exit) =>
          Effect.sync(() => {
            if (exit._tag === "Success") return verdict(CircuitBreaker.success)
            for (const reason of exit.cause.reasons) {
              if (reason._tag === "Fail") verdict(outcome(reason.error))
            }
            verdict(CircuitBreaker.ignored)
          })))
      })
    )

  const connect = <R = never>(
    connectOptions: GeminiLive.ConnectOptions<R> = {}
  ): Effect.Effect<LiveSession, LiveError, Scope.Scope | R> =>
    Effect.gen(function*() {
      const name = connectOptions.model ?? options.defaultLiveModel ?? LiveOpen.defaultModel
      if (wrong !== undefined) return yield* refuse(name, wrong.field, wrong.description)
      const model = ModelId.parse(name)
      if (Result.isFailure(model)) return yield* refuse(name, "model", model.failure)
      const { avoid, member: named, sticky } = yield* Call
      const { resumeFrom } = connectOptions
      const reach = table.reach({
        member: named,
        held: resumeFrom === undefined
          ? []
          : [{ field: "resumeFrom", resource: resumeFrom, shown: "the session of this handle" }]
      })
      if (!MemberTable.isReachable(reach)) {
        const [field] = reach._tag === "InvalidRequest" ? reach.fields : []
        return yield* refuse(name, field?.field ?? "resumeFrom", field?.description ?? reach.message)
      }
      let last: LiveError | undefined
      const key = sticky === undefined ? undefined : MemberTable.stickyKey(sticky)
      const home = key === undefined ? undefined : owners.get(key)
      for (const member of yield* ordered(reach, model.success, avoid ?? [], home)) {
        const site = siteOf(member, model.success)
        const began = yield* Clock.currentTimeMillis
        refusals.enter(site, began)
        const open = member.open({ ...connectOptions, model: model.success }, "session")
        const opened = yield* through(`${member.name}/${model.success}/live`, member, open)
        if (opened === undefined) continue
        if (Result.isSuccess(opened)) {
          member.isKeyRefused = false
          refusals.answered(site)
          if (key !== undefined && (home === undefined || !table.isBeside(member, home))) owners.set(key, member.name)
          return opened.success.session
        }
        last = opened.failure
        const now = yield* Clock.currentTimeMillis
        if (LiveClose.isKeyRefused(last.reason)) {
          member.isKeyRefused = true
          refusals.refused(member.name, began, now)
        } else if (LiveClose.isModelMissing(last.reason)) refusals.modelMissing(site, began, now)
        else if (!last.isRetryable) return yield* last
      }
      return yield* last ?? new LiveError({
        method: "connect",
        model: name,
        reason: new Reason.Connection({ kind: "refused", description: "the circuits of all members are open" })
      })
    })

  const [first] = transports.values()
  const byDefault = first ??
    RoutedTurn.make(options, yield* CallSessions.make(options, yield* LiveOpen.make(options)))
  return Context.make(GeminiLive.GeminiLive, GeminiLive.GeminiLive.of({ connect })).pipe(
    Context.add(
      LiveTransport,
      new MemberTransport(byDefault, transports, (name) => {
        refusals.readmit(name)
        const member = table.named(name)
        if (member !== undefined) member.isKeyRefused = false
      })
    )
  )
})

/**
 * Sessions over members, and the transport that carries calls of `GeminiClient` over Live.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<
  GeminiLive.GeminiLive | LiveTransport,
  never,
  Socket.WebSocketConstructor | RateLimiter.RateLimiter
> => Layer.effectContext(make(options))
