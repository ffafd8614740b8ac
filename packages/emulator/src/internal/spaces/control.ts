/**
 * What a test may see and do of one space: the service of the emulator, in that space alone.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { LiveControl, Service } from "../../Emulator.ts"
import * as RequestLog from "../../RequestLog.ts"
import type * as LiveState from "../live/state.ts"
import { awaitEntry } from "../log/awaitEntry.ts"
import * as Ready from "../rules/ready.ts"
import * as Options from "./options.ts"
import type { Space } from "./Space.ts"
import type { Spaces } from "./Spaces.ts"

/** A predicate that throws fails the one who waits, and not whoever is just being served. */
const awaiting = <A>(log: {
  readonly entries: () => ReadonlyArray<A>
  readonly watch: (f: (entries: ReadonlyArray<A>) => boolean) => () => void
}) =>
(predicate: (entries: ReadonlyArray<A>) => boolean): Effect.Effect<ReadonlyArray<A>> =>
  Effect.callback((resume) => {
    const stop = log.watch((entries) => {
      try {
        if (!predicate(entries)) return false
        resume(Effect.succeed(log.entries()))
      } catch (error) {
        resume(Effect.die(error))
      }
      return true
    })
    return Effect.sync(stop)
  })

const liveOf = (live: LiveState.LiveState): LiveControl => {
  const each = (f: (session: LiveState.Session) => Effect.Effect<void>) =>
    Effect.suspend(() => Effect.forEach([...live.sessions], f, { discard: true }))
  const awaitLog = awaiting(live.log)
  return {
    connections: Effect.sync(live.log.entries),
    awaitLog,
    awaitClosed: (n) => awaitLog(() => live.log.closed() >= n),
    counters: Effect.sync(live.log.counters),
    send: (message) => each((session) => session.send(message)),
    close: (code, reason = "") => each((session) => session.close(code, reason)),
    drop: each((session) => session.drop)
  }
}

/** `base`: the emulator's own address. */
export const make = (spaces: Spaces, space: Space, base: string): Service => {
  const { live, log, quota, script, scripts } = space.state
  const url = space === spaces.standard ? base : `${base}/spaces/${space.name}`
  const awaitLog: Service["awaitLog"] = awaiting({
    entries: log.entries,
    watch: (f) => log.watch((_, kept) => f(kept()))
  })
  return {
    url,
    regionUrl: (region) => `${url}/locations/${encodeURIComponent(region)}`,
    spaceName: space.name,
    space: (name, options) => Effect.map(spaces.get(name, options), (space) => make(spaces, space, base)),
    endSpace: spaces.end,
    spaces: spaces.summary,
    requests: Effect.sync(log.entries),
    awaitLog,
    awaitRequest: (predicate, from) => awaitEntry(log, predicate, from),
    awaitRequests: (n) => awaitLog(() => log.arrived() >= n),
    awaitClosed: (n) => awaitLog(() => log.closed() >= n),
    counters: Effect.sync(log.counters),
    largestInWindow: (millis) => Effect.sync(() => RequestLog.largestInWindow(log.entries(), millis)),
    enqueue: (...answers) =>
      Effect.sync(() => {
        Options.checkAnswers(answers)
        script.enqueue(answers)
      }),
    setRules: (rules, otherwise) =>
      Effect.map(Ready.attempt(() => Ready.ofSpace({ rules })), (ready) => scripts.set(ready, otherwise)),
    setScenario: spaces.setScenario,
    rules: Effect.sync(scripts.uses),
    addFault: (...faults) =>
      Effect.sync(() => {
        Options.checkFaults(faults)
        script.addFault(faults)
      }),
    removeFault: (...faults) => Effect.sync(() => script.removeFault(faults)),
    adjust: (duration) =>
      Effect.sync(() => {
        space.state.offset += Duration.toMillis(Duration.fromInputUnsafe(duration))
      }),
    setTime: (time) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        space.state.offset = time - now
      }),
    live: liveOf(live),
    clear: Effect.sync(() => {
      live.log.clear()
      live.handles.clear()
      live.tokens.clear()
      log.clear()
      script.clear()
      scripts.clear()
      quota.clear()
    })
  }
}
