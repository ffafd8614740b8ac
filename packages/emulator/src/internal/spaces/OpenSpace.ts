/**
 * One space: an emulator of its own, with rules, queue, faults, quotas, keys, clock, seed, log, Live
 * sessions and tokens that nobody else sees.
 */
import * as Effect from "effect/Effect"
import * as GeminiHandler from "../../GeminiHandler.ts"
import * as ModelTable from "../../ModelTable.ts"
import * as Quota from "../../Quota.ts"
import * as RequestLog from "../../RequestLog.ts"
import * as Script from "../../Script.ts"
import * as Logged from "../cassettes/logged.ts"
import * as LoggedLive from "../cassettes/loggedLive.ts"
import { AccessTokens } from "../identity/AccessTokens.ts"
import { LateInteractions } from "../interactions/LateInteractions.ts"
import * as LiveHandler from "../live/handler.ts"
import { LiveState } from "../live/LiveState.ts"
import type { Allowance } from "../log/Allowance.ts"
import type { Depot } from "../resources/Depot.ts"
import * as Endpoints from "../resources/endpoints.ts"
import type * as Ready from "../rules/ready.ts"
import * as Scripts from "../rules/Scripts.ts"
import * as BatchNotices from "../webhooks/batchNotices.ts"
import { LateWebhooks } from "../webhooks/LateWebhooks.ts"
import { SpaceClock } from "./SpaceClock.ts"

export interface Settings {
  cassette: GeminiHandler.Options["cassette"]
  quotas: GeminiHandler.Options["quotas"]
  keys: GeminiHandler.Options["keys"]
  vertex: GeminiHandler.Options["vertex"]
}

export interface OpenSpace {
  readonly name: string
  readonly state: GeminiHandler.State
  /** Its options that may change while it is open. */
  readonly settings: Settings & GeminiHandler.Options
  /** Its Clock, which can be stopped. The time of the server is this one plus the offset of its state. */
  readonly clock: SpaceClock
  readonly handle: GeminiHandler.Handler
  readonly handleLive: LiveHandler.Handler
  /** How many requests, streams and Live sessions are under way. */
  open: number
  /** When the last of them began or ended, in milliseconds since the epoch by the Clock. */
  usedAt: number
  readonly createdAt: number
  /** How long it may lie idle, in milliseconds. */
  readonly idle: number
  /** Plays a cassette from now on, or none, and closes the one before it with what `close` was given for it. */
  readonly play: (cassette: GeminiHandler.Options["cassette"], close: () => void) => void
  /** Breaks its Live sessions off and forgets everything. */
  readonly end: Effect.Effect<void>
}

export const make = (
  name: string,
  start: GeminiHandler.Options,
  given: {
    readonly allowance: Allowance
    readonly depot: Depot
    /** What a space keeps that keeps nothing. */
    readonly nothing: Endpoints.Endpoints
    readonly idle: number
    readonly now: number
    /** The access tokens of the default space, which open this one, too. */
    readonly tokens?: AccessTokens | undefined
    /** The rules of every space. */
    readonly shared: Scripts.SharedRules
    /** The rules of this space alone. */
    readonly rules?: Ready.Rules | undefined
  }
): OpenSpace => {
  const { allowance, depot, idle, nothing, now, rules, shared } = given
  // The handlers look at quotas and keys when a request comes.
  const options: GeminiHandler.Options & Settings = {
    ...start,
    quotas: start.quotas,
    keys: start.keys,
    vertex: start.vertex,
    cassette: start.cassette
  }
  const { answers, faults = [], remember, seed } = options
  const script = Script.make(Array.isArray(answers) ? answers : [], faults, seed)
  const scripts = Scripts.make(options, { script, shared, space: name })
  if (rules !== undefined) scripts.set(rules, options.otherwise)
  const webhooks = new LateWebhooks({
    seed: `${seed ?? ""}\n${name}`,
    space: name,
    offset: () => state.offset,
    fault: script.takeFault,
    firstRetry: options.webhookRetry
  })
  const state: GeminiHandler.State = {
    space: name,
    log: RequestLog.make({ remember, allowance }),
    script,
    scripts,
    quota: Quota.make(),
    live: new LiveState({ remember, seed, handleLifetime: options.live?.handleLifetime, allowance, space: name }),
    resources: Endpoints.make({
      seed: `${seed ?? ""}\n${name}`,
      depot,
      unit: options.uploadGranularity,
      files: { processing: options.fileProcessing },
      caches: { models: options.models ?? ModelTable.current, tokens: options.cachedTokens },
      stores: { processing: options.documentProcessing, bytes: options.storeBytes },
      batches: { pending: options.batchPending, running: options.batchRunning, changed: BatchNotices.make(webhooks) }
    }, nothing),
    interactions: new LateInteractions(`${seed ?? ""}\n${name}`, options.interactions),
    webhooks,
    tokens: new AccessTokens(`${seed ?? ""}\n${name}`, given.tokens),
    offset: 0
  }
  const handle = GeminiHandler.make(options, state)
  // Most spaces hold no Live session and play no cassette, and ten thousand of them may be there.
  let live: LiveHandler.Handler | undefined
  /** Closes what was opened for this space alone. */
  let closeCassette = () => {}
  return {
    name,
    state,
    settings: options,
    clock: new SpaceClock(),
    handle: (incoming) => options.cassette === undefined ? handle(incoming) : Logged.handle(incoming, options, state),
    handleLive: (incoming) =>
      options.cassette === undefined
        ? (live ??= LiveHandler.make(options, state))(incoming)
        : LoggedLive.handle(incoming, options, state),
    play: (cassette, close) => {
      closeCassette()
      closeCassette = close
      options.cassette = cassette
    },
    open: 0,
    usedAt: now,
    createdAt: now,
    idle,
    end: Effect.suspend(() => {
      const { interactions, live, log, resources, webhooks } = state
      const sessions = [...live.sessions]
      return Effect.map(
        Effect.forEach(sessions, (session) => session.close(1001, `The space "${name}" has ended.`)),
        () => {
          closeCassette()
          scripts.holds.end(410, `The space "${name}" has ended.`)
          log.end()
          resources.clear()
          state.tokens.clear()
          interactions.clear()
          webhooks.clear()
          live.end()
        }
      )
    })
  }
}
