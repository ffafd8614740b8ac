/**
 * From the options of a session to the session: what is refused before anything is dialled, the setup that is sent, and
 * the defaults.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import * as Reason from "../../errors/LiveErrorReason.ts"
import type { ConnectOptions, Options } from "../../GeminiLive.ts"
import * as Tier from "../../limits/Tier.ts"
import * as LiveProtocol from "../../live/LiveProtocol.ts"
import { LiveError } from "../../LiveError.ts"
import * as ModelId from "../../models/ModelId.ts"
import * as RateLimiter from "../../RateLimiter.ts"
import * as Bounds from "../config/bounds.ts"
import * as OptionCheck from "../config/optionCheck.ts"
import * as Differences from "../http/apiDifferences.ts"
import * as Destination from "../http/destination.ts"
import { LiveRecorder } from "../telemetry/recorder.ts"
import * as Dial from "./dial.ts"
import * as LiveEndpoint from "./endpoint.ts"
import * as LiveModels from "./liveModels.ts"
import type { RedialPolicy } from "./Redial.ts"
import * as LiveSession from "./session.ts"
import * as LiveLimits from "./sessionLimits.ts"
import { SessionSetup } from "./SessionSetup.ts"
import * as LiveSetup from "./setup.ts"
import * as LiveCheck from "./setupCheck.ts"

/** The newest generally available Live model on 2026-11-22. */
export const defaultModel = "gemini-3.8-live"

/**
 * What a session is for: a user who holds it, one call (whose message is counted there), or a call that has not come
 * yet.
 */
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

const reconnectOf = (reconnect: ConnectOptions["reconnect"]): RedialPolicy | undefined => {
  if (reconnect === undefined || reconnect === false) return undefined
  const { budget = 5, firstConnect = false, onLostState = "fail", schedule = defaultSchedule, when } =
    reconnect === true ? {} : reconnect
  return { schedule, budget, when, onLostState, firstConnect }
}

/** What is the same for sessions of the same model and options. */
interface Plan {
  readonly options: ConnectOptions<unknown>
  readonly model: ModelId.ModelId
  readonly limits: LiveLimits.LiveLimits
  /** The same by what a session is for. */
  readonly limitsFor: Readonly<Record<Purpose, LiveLimits.LiveLimits>>
  readonly setup: LiveProtocol.Setup
  /** The message of the setup. */
  readonly text: string
  readonly session: LiveSession.Options
  readonly violations: ReadonlyArray<LiveCheck.SetupProblem>
}

/** The message of a setup, or what is wrong with it. */
const written = (
  setup: LiveProtocol.Setup,
  problems: Destination.LiveDoor["problems"]
): readonly [text: string, violations: Plan["violations"]] => {
  const found = LiveCheck.check(setup)
  const violations = found.length > 0 ? found : problems(setup)
  if (violations.length > 0) return ["", violations]
  try {
    return [LiveProtocol.encode({ setup }), []]
  } catch {
    return ["", [{
      field: "setup",
      description: "cannot be written as JSON: look for bigints, and for what holds itself"
    }]]
  }
}

/** Whether options say the same as others, as far as that is seen at a glance: what is in an object may have changed. */
const isSame = (options: ConnectOptions<unknown>, others: ConnectOptions<unknown>): boolean => {
  for (const name in options) {
    const value: unknown = Reflect.get(options, name)
    if (value !== Reflect.get(others, name) || typeof value === "object" || typeof value === "function") return false
  }
  for (const name in others) if (!Object.hasOwn(options, name)) return false
  return true
}

/** The project and location that the sessions belong to: quotas are counted there, and handles are noted there. */
export interface SessionOwner extends Pick<RateLimiter.LaneKey, "project" | "location"> {
  readonly onHandle?: ((handle: string) => void) | undefined
}

/** The place of all sessions if there are no members. */
export const alone = (options: Destination.Options): SessionOwner => ({
  project: "default",
  location: "global",
  ...Destination.of(options).home
})

export const make = Effect.fnUntraced(function*(
  options: Options,
  place = alone(options)
): Effect.fn.Return<Open, never, Socket.WebSocketConstructor | RateLimiter.RateLimiter> {
  const construct = yield* Socket.WebSocketConstructor
  const limiter = yield* RateLimiter.RateLimiter
  const problem = OptionCheck.problem(options, ["member"])
  const tier = typeof options.tier === "object" ? options.tier : Tier.byName(options.tier ?? "free")
  const limitsOf = (model: ModelId.ModelId): Tier.Limits => Tier.limitsFor(tier, model, options.limits)
  // These are the same for all sessions, or for most of those in a row.
  const { live: door, provider } = Destination.of(options)
  const problems = door?.problems ?? Differences.setupProblems
  const dial = door === undefined
    ? Result.map(LiveEndpoint.make(options), Dial.at)
    : Result.succeed(Dial.through(door))
  let recent: Plan | undefined

  const planOf = (model: ModelId.ModelId, given: ConnectOptions<unknown>, connect: Dial.Dial): Plan => {
    if (recent?.model === model && isSame(given, recent.options)) return recent
    const limits = recent?.model === model ? recent.limits : LiveLimits.make(limiter, model, limitsOf, place)
    const known = LiveModels.of(model)
    const asked = LiveSetup.make(model, known, given)
    const setup = door?.setup(asked) ?? asked
    const [text, violations] = written(setup, problems)
    const { inboundLimit = 1 << 24, timeouts } = given
    const ping = given.ping === false ? undefined : given.ping
    const dial = connect({
      construct,
      connect: millis(timeouts?.connect, 10_000),
      setup: millis(timeouts?.setup, 10_000),
      readAhead: 1 << 20,
      inboundLimit,
      frameLimit: Bounds.of(options.bounds, "frame")
    })
    const reconnect = reconnectOf(given.reconnect)
    const session: LiveSession.Options = {
      model,
      dial: (setup, handle, restore) => dial(setup.resuming(handle), restore),
      resumeFrom: given.resumeFrom,
      onHandle: place.onHandle,
      reconnect,
      mayRepeat: reconnect !== undefined,
      hasTools: given.functions !== undefined,
      toolConcurrency: given.functionConcurrency ?? 8,
      scheduling: known.scheduling,
      textBy: known.text,
      waitsFor: (setup, name) => LiveModels.waitsFor(known, setup.tools, name),
      takesHistory: setup.historyConfig?.initialHistoryInClientContent === true,
      isTransparent: setup.sessionResumption?.transparent === true,
      hearsInSilence: !setup.inputAudioTranscription &&
        setup.realtimeInputConfig?.automaticActivityDetection?.disabled !== true,
      turnEnd: millis(timeouts?.turnEnd, 10_000),
      idle: millis(timeouts?.idle, Infinity),
      silence: millis(timeouts?.silence, Infinity),
      send: timeouts?.send,
      ping: {
        interval: given.ping === false ? Infinity : millis(ping?.interval, 20_000),
        timeout: millis(ping?.timeout, 60_000)
      },
      inboundLimit,
      mediaLimit: given.mediaLimit ?? 1 << 18,
      unreadable: given.unreadable ?? "fail"
    }
    // What a call says is counted where it was made.
    const call = { ...limits, message: () => Effect.void }
    const limitsFor = { session: limits, call, spare: { ...call, session: limits.spare } }
    return recent = { options: { ...given }, model, limits, limitsFor, setup, text, session, violations }
  }

  return <R = never>(connectOptions: ConnectOptions<R>, purpose: Purpose) =>
    Effect.contextWith((context: Context.Context<R>) => {
      const name = connectOptions.model ?? options.defaultLiveModel ?? defaultModel
      const refuse = (fields: ReadonlyArray<LiveCheck.SetupProblem>) =>
        Effect.fail(new LiveError({ method: "connect", model: name, reason: new Reason.InvalidSetup({ fields }) }))
      if (problem !== undefined) return refuse([problem])
      const model = ModelId.parse(name)
      if (Result.isFailure(model)) return refuse([{ field: "model", description: model.failure }])
      if (Result.isFailure(dial)) {
        const description = dial.failure === "missing"
          ? "there is none: set GEMINI_API_KEY, or give the option"
          : "it holds characters that no header can carry: look for blanks and line ends"
        return refuse([{ field: "apiKey", description }])
      }
      const { limitsFor, session, setup, text, violations } = planOf(model.success, connectOptions, dial.success)
      if (violations.length > 0) return refuse(violations)
      const { functions } = connectOptions
      const watch = Context.get(context, LiveRecorder)?.(context, model.success, provider)
      const opened = LiveSession.open(session, {
        setup: new SessionSetup(setup, text),
        limits: limitsFor[purpose],
        tools: functions === undefined ? undefined : {
          ...functions,
          handle: (call) => Effect.provideContext(functions.handle(call), context)
        },
        turns: watch?.turns
      })
      return watch === undefined ? opened : Effect.tap(opened, ({ session }) => watch.opened(session))
    })
})
