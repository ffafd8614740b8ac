/**
 * From the options of a session to the session: what is refused before anything is dialled,
 * the setup that is sent, and the defaults.
 */
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import * as Reason from "../../errors/LiveErrorReason.ts"
import type { ConnectOptions, Options } from "../../GeminiLive.ts"
import * as Tier from "../../limits/Tier.ts"
import type * as LiveProtocol from "../../live/LiveProtocol.ts"
import { LiveError } from "../../LiveError.ts"
import * as ModelId from "../../models/ModelId.ts"
import * as RateLimiter from "../../RateLimiter.ts"
import * as Bounds from "../config/bounds.ts"
import * as OptionCheck from "../config/optionCheck.ts"
import { LiveRecorder } from "../telemetry/recorder.ts"
import * as LiveCheck from "./check.ts"
import * as LiveConnection from "./Connection.ts"
import * as LiveEndpoint from "./endpoint.ts"
import * as LiveLimits from "./limits.ts"
import * as LiveModels from "./models.ts"
import * as LiveSession from "./session.ts"
import * as LiveSetup from "./setup.ts"

/** The newest generally available Live model on 2026-11-22. */
export const defaultModel = "gemini-3.8-live"

/** Who a session is for: somebody who holds it, one call (whose message is counted there), or nobody yet. */
export type Purpose = "session" | "call" | "spare"

export type Open = <R = never>(
  options: ConnectOptions<R>,
  purpose: Purpose
) => Effect.Effect<LiveSession.Opened, LiveError, Scope.Scope | R>

const defaultSchedule: Schedule.Schedule<unknown, LiveError> = Schedule.exponential("500 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(30)))),
  Schedule.jittered
)

const millis = (input: Duration.Input | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(Duration.fromInputUnsafe(input))

const reconnectOf = (reconnect: ConnectOptions["reconnect"]) =>
  reconnect === undefined || reconnect === false ? undefined : {
    schedule: (reconnect === true ? undefined : reconnect.schedule) ?? defaultSchedule,
    budget: (reconnect === true ? undefined : reconnect.budget) ?? 5
  }

const withHandle = (setup: LiveProtocol.Setup, handle: string | undefined): LiveProtocol.Setup =>
  handle === undefined ? setup : { ...setup, sessionResumption: { ...setup.sessionResumption, handle } }

/** The project and location whose sessions these are: where quotas are counted, and who notes the handles. */
export interface Place extends Pick<RateLimiter.LaneKey, "project" | "location"> {
  readonly onHandle?: ((handle: string) => void) | undefined
}

/** Until there are several members. */
export const alone: Place = { project: "default", location: "global" }

export const make = Effect.fnUntraced(function*(
  options: Options,
  place = alone
): Effect.fn.Return<Open, never, Socket.WebSocketConstructor | RateLimiter.RateLimiter> {
  const construct = yield* Socket.WebSocketConstructor
  const limiter = yield* RateLimiter.RateLimiter
  const problem = OptionCheck.problem(options)
  const tier = typeof options.tier === "object" ? options.tier : Tier.byName(options.tier ?? "free")
  const limitsOf = (model: ModelId.ModelId): Tier.Limits => Tier.limitsFor(tier, model, options.limits)
  // The same for all sessions, or for most in a row.
  const endpoint = LiveEndpoint.make(options)
  let recent: { readonly model: ModelId.ModelId; readonly limits: LiveLimits.LiveLimits } | undefined

  return <R = never>(connectOptions: ConnectOptions<R>, purpose: Purpose) =>
    Effect.contextWith((context: Context.Context<R>) => {
      const name = connectOptions.model ?? options.defaultLiveModel ?? defaultModel
      const refuse = (fields: ReadonlyArray<LiveCheck.Violation>) =>
        Effect.fail(new LiveError({ method: "connect", model: name, reason: new Reason.InvalidSetup({ fields }) }))
      if (problem !== undefined) return refuse([problem])
      const model = ModelId.parse(name)
      if (Result.isFailure(model)) return refuse([{ field: "model", description: model.failure }])
      if (Result.isFailure(endpoint)) {
        const description = endpoint.failure === "missing"
          ? "there is none: set GEMINI_API_KEY, or give the option"
          : "it holds characters that no header can carry: look for blanks and line ends"
        return refuse([{ field: "apiKey", description }])
      }
      const known = LiveModels.of(model.success)
      const setup = LiveSetup.make(model.success, known, connectOptions)
      const violations = LiveCheck.check(setup)
      if (violations.length > 0) return refuse(violations)
      const { functions, timeouts } = connectOptions
      const connection: LiveConnection.Options = {
        construct,
        endpoint: endpoint.success,
        connect: millis(timeouts?.connect, 10_000),
        setup: millis(timeouts?.setup, 10_000),
        readAhead: 1 << 20,
        inboundLimit: connectOptions.inboundLimit ?? 1 << 24,
        frameLimit: Bounds.of(options.bounds, "frame")
      }
      if (recent?.model !== model.success) {
        recent = { model: model.success, limits: LiveLimits.make(limiter, model.success, limitsOf, place) }
      }
      const { limits } = recent
      const ping = connectOptions.ping === false ? undefined : connectOptions.ping
      const opened = LiveSession.open({
        model: model.success,
        dial: (handle, restore) => LiveConnection.open(connection, withHandle(setup, handle), restore),
        resumeFrom: connectOptions.resumeFrom,
        onHandle: place.onHandle,
        limits: purpose === "session" ? limits : {
          ...limits,
          session: purpose === "spare" ? limits.spare : limits.session,
          message: () => Effect.void
        },
        reconnect: reconnectOf(connectOptions.reconnect),
        tools: functions === undefined ? undefined : {
          ...functions,
          handle: (call) => Effect.provideContext(functions.handle(call), context)
        },
        toolConcurrency: connectOptions.functionConcurrency ?? 8,
        scheduling: known.scheduling,
        textBy: known.text,
        idle: millis(timeouts?.idle, Infinity),
        ping: {
          interval: connectOptions.ping === false ? Infinity : millis(ping?.interval, 20_000),
          timeout: millis(ping?.timeout, 10_000)
        },
        inboundLimit: connection.inboundLimit,
        mediaLimit: connectOptions.mediaLimit ?? 1 << 18,
        unreadable: connectOptions.unreadable ?? "fail"
      })
      return Effect.tap(
        opened,
        ({ hooks, session }) => Effect.flatMap(LiveRecorder, (record) => record?.(session, hooks) ?? Effect.void)
      )
    })
})
