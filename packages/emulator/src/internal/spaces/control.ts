/**
 * What a test may see and do of one space: the service of the emulator, in that space alone.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { BatchControl } from "../../BatchControl.ts"
import type { LiveControl, Service } from "../../Emulator.ts"
import type { HoldControl } from "../../HoldControl.ts"
import type { InteractionControl, WebhookControl } from "../../InteractionControl.ts"
import * as RequestLog from "../../RequestLog.ts"
import type { CacheControl, FileControl, OperationControl, StoreControl } from "../../ResourceControl.ts"
import { RuleError } from "../../RuleError.ts"
import * as InteractionRecord from "../interactions/InteractionRecord.ts"
import type * as LiveState from "../live/LiveState.ts"
import { awaitEntry } from "../log/awaitEntry.ts"
import * as FileRecord from "../resources/FileRecord.ts"
import * as Projects from "../rules/projects.ts"
import * as Ready from "../rules/ready.ts"
import * as Explaining from "./explaining.ts"
import * as Inspection from "./inspection.ts"
import * as Issuing from "./issuing.ts"
import type { OpenSpace } from "./OpenSpace.ts"
import * as Options from "./spaceOptions.ts"
import type { Spaces } from "./Spaces.ts"
import * as Verification from "./verification.ts"

/** If the predicate throws, the waiting effect fails, and not the request that is just being served. */
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
  const awaitLog: LiveControl["awaitLog"] = (predicate) => Effect.suspend(() => awaiting(live.log)(predicate))
  return {
    connections: Effect.sync(() => live.log.entries()),
    awaitLog,
    awaitClosed: (n) => awaitLog(() => live.log.closed() >= n),
    counters: Effect.sync(() => live.log.counters()),
    send: (message) => each((session) => session.send(message)),
    close: (code, reason = "") => each((session) => session.close(code, reason)),
    drop: each((session) => session.drop)
  }
}

const nowIn = (space: OpenSpace): Effect.Effect<number> =>
  Effect.map(Clock.Clock, (clock) => space.clock.now(clock) + space.state.offset)

const holdsOf = (space: OpenSpace): HoldControl => {
  const { holds } = space.state.scripts
  const list = Effect.map(Clock.Clock, (clock) => holds.list(space.clock.now(clock)))
  return {
    list,
    awaitHeld: (n) =>
      Effect.andThen(
        Effect.callback<void>((resume) => {
          if (holds.size >= n) return resume(Effect.void)
          const stop = holds.watch(() => {
            if (holds.size < n) return
            stop()
            resume(Effect.void)
          })
          return Effect.sync(stop)
        }),
        list
      ),
    answer: (id, answer) => Ready.attempt(() => holds.answer(id, answer)),
    letGo: (id) => Effect.sync(() => holds.letGo(id)),
    all: Effect.sync(() => holds.all),
    setAll: (all) =>
      Effect.sync(() => {
        holds.all = all
      })
  }
}

const filesOf = (space: OpenSpace): FileControl => {
  // Nothing is taken out of it before it is asked for: only then it is made.
  const { resources } = space.state
  return {
    add: (file) => Effect.map(nowIn(space), (now) => resources.files.add(file, now)),
    fail: (name, error) => Effect.map(nowIn(space), (now) => resources.files.fail(name, error, now)),
    list: Effect.map(
      nowIn(space),
      (now) =>
        resources.kept.files.shelf.all(now).map((file) => ({
          project: file.project,
          file: FileRecord.shown(file, now, "v1beta")
        }))
    ),
    uploads: Effect.sync(() => resources.kept.uploads.list()),
    dropped: Effect.sync(() => resources.kept.files.shelf.dropped())
  }
}

const cachesOf = (space: OpenSpace): CacheControl => {
  const { resources } = space.state
  return {
    list: Effect.map(nowIn(space), (now) => resources.kept.caches.list(now)),
    lose: (name) => Effect.map(nowIn(space), (now) => resources.caches.lose(name, now)),
    dropped: Effect.sync(() => resources.kept.caches.dropped())
  }
}

const storesOf = (space: OpenSpace): StoreControl => {
  const { resources } = space.state
  return {
    documents: Effect.map(nowIn(space), (now) => resources.kept.stores.list(now)),
    dropped: Effect.sync(() => resources.kept.stores.dropped())
  }
}

const operationsOf = (space: OpenSpace): OperationControl => ({
  begin: ({ after = 0, error, metadata, name, parent = "models/any", project = "default", response = {} }) =>
    Effect.map(nowIn(space), (now) => {
      const of = name === undefined ? { project, now, parent } : { project, now, name }
      const outcome = error === undefined ? { response } : { error }
      return String(space.state.resources.operations.begin(of, { metadata, after, outcome })["name"])
    })
})

const batchesOf = (space: OpenSpace): BatchControl => {
  const { resources } = space.state
  return {
    list: Effect.map(nowIn(space), (now) => resources.kept.batches.list(now)),
    counts: Effect.sync(() => resources.kept.batches.counts())
  }
}

const interactionsOf = (space: OpenSpace): InteractionControl => {
  const { interactions } = space.state
  return {
    list: Effect.map(nowIn(space), (now) =>
      (interactions.kept?.all(now) ?? []).map((record) => ({
        project: record.project,
        interaction: InteractionRecord.shown(record, now, { isWhole: true, includesInput: true })
      }))),
    forget: (id) => Effect.map(nowIn(space), (now) => interactions.kept?.forget(id, now) ?? false),
    counts: Effect.sync(() => ({
      created: interactions.kept?.created() ?? 0,
      dropped: interactions.kept?.dropped() ?? 0
    }))
  }
}

const webhooksOf = (space: OpenSpace): WebhookControl => {
  const { webhooks } = space.state
  const deliveries = Effect.sync(() => webhooks.kept?.deliveries.list() ?? [])
  return {
    send: ({ project = "default", ...event }) =>
      Effect.map(Clock.Clock, (clock) => {
        webhooks.clock = space.clock.over(clock)
        return webhooks.own.tell({ ...event, project })
      }),
    deliveries,
    awaitEnded: (n) => Effect.andThen(Effect.suspend(() => webhooks.own.deliveries.awaitEnded(n)), deliveries),
    ended: Effect.sync(() => webhooks.kept?.deliveries.ended() ?? 0),
    rotateKeys: Effect.sync(() => webhooks.own.rotateKeys())
  }
}

/** `base` is the address of the emulator. */
export const make = (spaces: Spaces, space: OpenSpace, base: string): Service => {
  const { interactions, live, log, quota, resources, script, scripts, tokens, webhooks } = space.state
  const url = space === spaces.standard ? base : `${base}/spaces/${space.name}`
  const awaitLog: Service["awaitLog"] = awaiting({
    entries: log.entries,
    watch: (f) => log.watch((_, kept) => f(kept()))
  })
  const forget = (rules: () => void) =>
    Effect.sync(() => {
      live.clear()
      log.clear()
      script.clear()
      rules()
      quota.clear()
      resources.clear()
      interactions.clear()
      webhooks.clear()
      tokens.clear()
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
    setRules: (rules, otherwise, vars) =>
      Effect.map(
        Ready.attempt(() => Ready.make(rules, { root: "rules", vars })),
        (ready) => scripts.set(ready, otherwise)
      ),
    addRules: (rules, place = "last") => Ready.attempt(() => scripts.add(rules, place === "first")),
    removeRule: (name) => Effect.sync(() => scripts.remove(name)),
    setScenario: spaces.setScenario,
    rules: Effect.sync(scripts.uses),
    addFault: (...faults) =>
      Effect.sync(() => {
        Options.checkFaults(faults)
        return script.addFault(faults)
      }),
    removeFault: (...faults) => Effect.sync(() => script.removeFault(faults)),
    faults: Effect.sync(script.faults),
    waiting: Effect.sync(script.waiting),
    setQuotas: (quotas) =>
      Ready.attempt(() => {
        Options.checkSettings({ quotas })
        space.settings.quotas = quotas
      }),
    quotas: Effect.map(nowIn(space), (now) => quota.uses(Projects.make(space.settings).quotasOf, now)),
    setKeys: (keys) =>
      Ready.attempt(() => {
        Options.checkSettings({ keys })
        space.settings.keys = keys
      }),
    setCassette: (source) =>
      Effect.gen(function*() {
        if (source === undefined) return space.play(undefined, () => {})
        const scope = Scope.makeUnsafe()
        // What a cassette does when it is closed takes no time.
        const close = () => Effect.runSync(Scope.close(scope, Exit.void))
        const opened = yield* Effect.mapError(
          Scope.provide(source.open, scope),
          ({ description, file }) => new RuleError({ problems: [{ path: "file", message: `${file}: ${description}` }] })
        )
        space.play(opened, close)
      }),
    cassette: Effect.suspend(() => space.settings.cassette?.summary ?? Effect.undefined),
    adjust: (duration) =>
      Effect.suspend(() => {
        const millis = Duration.toMillis(Duration.fromInputUnsafe(duration))
        if (space.clock.isFrozen) return space.clock.advance(millis)
        space.state.offset += millis
        webhooks.kept?.deliveries.wake()
        return Effect.void
      }),
    setTime: (time) =>
      Effect.map(Clock.Clock, (clock) => {
        space.state.offset = time - space.clock.now(clock)
        webhooks.kept?.deliveries.wake()
      }),
    setFrozen: (frozen) =>
      Effect.map(Clock.Clock, (clock) => {
        if (frozen) space.clock.freeze(clock)
        else space.state.offset -= space.clock.thaw(clock)
      }),
    clock: Effect.map(nowIn(space), (time) => ({ time, frozen: space.clock.isFrozen })),
    verify: (expectations, order) =>
      Ready.attempt(() =>
        Verification.verify(log.entries(), expectations, {
          dropped: log.counters().dropped,
          inOrder: order?.inOrder === true
        })
      ),
    check: (ignored = []) =>
      Effect.sync(() =>
        Inspection.inspect({
          entries: log.entries(),
          connections: live.log.entries(),
          rules: scripts.ownUses(),
          waiting: script.waiting(),
          open: space.open
        }, ignored)
      ),
    explain: (question) =>
      Effect.map(nowIn(space), (now) => Explaining.explain(question, space.settings, space.state, now)),
    live: liveOf(live),
    holds: holdsOf(space),
    vertex: Issuing.of(space, nowIn(space)),
    files: filesOf(space),
    caches: cachesOf(space),
    stores: storesOf(space),
    operations: operationsOf(space),
    batches: batchesOf(space),
    interactions: interactionsOf(space),
    webhooks: webhooksOf(space),
    clear: forget(() => scripts.clear()),
    reset: forget(() => scripts.recount())
  }
}
