/**
 * One space: an emulator of its own, with rules, queue, faults, quotas, keys, clock, seed, log, Live
 * sessions and tokens that nobody else sees.
 */
import * as Effect from "effect/Effect"
import * as GeminiHandler from "../../GeminiHandler.ts"
import * as LiveHandler from "../../LiveHandler.ts"
import * as Quota from "../../Quota.ts"
import * as RequestLog from "../../RequestLog.ts"
import * as Script from "../../Script.ts"
import * as LiveState from "../live/state.ts"
import type { Allowance } from "../log/Allowance.ts"
import type * as Ready from "../rules/ready.ts"
import * as Scripts from "../rules/Scripts.ts"

export interface Space {
  readonly name: string
  readonly state: GeminiHandler.State
  readonly handle: GeminiHandler.Handler
  readonly handleLive: LiveHandler.Handler
  /** Requests, streams and Live sessions that are under way. */
  open: number
  /** When the last of them began or ended, by the Clock: milliseconds since the epoch. */
  usedAt: number
  readonly createdAt: number
  /** How long it may lie idle, in milliseconds. */
  readonly idle: number
  /** Breaks its Live sessions off and forgets everything. */
  readonly end: Effect.Effect<void>
}

export const make = (
  name: string,
  options: GeminiHandler.Options,
  given: {
    readonly allowance: Allowance
    readonly idle: number
    readonly now: number
    /** The rules of every space. */
    readonly shared: Scripts.Shared
    /** The rules of this one alone. */
    readonly rules?: Ready.Rules | undefined
  }
): Space => {
  const { allowance, idle, now, rules, shared } = given
  const { answers, faults = [], remember, seed } = options
  const script = Script.make(Array.isArray(answers) ? answers : [], faults, seed)
  const scripts = Scripts.make(options, { script, shared, space: name })
  if (rules !== undefined) scripts.set(rules, options.otherwise)
  const state: GeminiHandler.State = {
    space: name,
    log: RequestLog.make({ remember, allowance }),
    script,
    scripts,
    quota: Quota.make(),
    live: LiveState.make({ ...options, allowance, space: name }),
    offset: 0
  }
  return {
    name,
    state,
    handle: GeminiHandler.make(options, state),
    handleLive: LiveHandler.make(options, state),
    open: 0,
    usedAt: now,
    createdAt: now,
    idle,
    end: Effect.suspend(() => {
      const { live, log } = state
      const sessions = [...live.sessions]
      return Effect.map(
        Effect.forEach(sessions, (session) => session.close(1001, `The space "${name}" has ended.`)),
        () => {
          log.end()
          live.log.end()
        }
      )
    })
  }
}
