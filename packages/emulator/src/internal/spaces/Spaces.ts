/**
 * The spaces of one emulator. A space begins with its first request or when it is asked for. The default one never
 * ends. Any other ends when it is told to, when it has been idle too long, or when there are too many spaces and it has
 * been idle the longest.
 *
 * A space that has ended answers 410 and says why, until it is asked for anew: a test that comes too late must not find
 * a fresh server in place of the one that it has told what to say.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as GeminiHandler from "../../GeminiHandler.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as ModelTable from "../../ModelTable.ts"
import type { RuleError } from "../../RuleError.ts"
import type { Scenario } from "../../Scenario.ts"
import * as SpaceInfo from "../../Space.ts"
import * as Render from "../answers/render.ts"
import * as Carrier from "../live/carrier.ts"
import * as Allowance from "../log/Allowance.ts"
import * as Depot from "../resources/Depot.ts"
import * as Endpoints from "../resources/endpoints.ts"
import * as Ready from "../rules/ready.ts"
import type * as Scripts from "../rules/Scripts.ts"
import * as Exchange from "../server/exchange.ts"
import * as Chosen from "./chosen.ts"
import * as Space from "./OpenSpace.ts"
import * as Options from "./spaceOptions.ts"

/** The largest number of spaces at one time. */
const most = 10_000
/** For how many ended spaces the reason is remembered. */
const remembered = 100_000
const idleByDefault = 600_000

export interface Spaces {
  readonly handle: Exchange.Handler
  readonly handleLive: Carrier.UpgradeHandler
  /** The space of a name, which is made if need be. With options it is a new one in any case. */
  readonly get: (
    name: string,
    options?: SpaceInfo.Options
  ) => Effect.Effect<Space.OpenSpace, SpaceInfo.SpaceError | RuleError>
  /**
   * The space of a name, or why it has ended, where nothing is made. Undefined: there never was one. Whoever looks at a
   * space uses it, so that it does not end under their eyes.
   */
  readonly look: (name: string) => Effect.Effect<Space.OpenSpace | string | undefined>
  /** Replaces the scenario of every space. */
  readonly setScenario: (scenario: Scenario | undefined) => Effect.Effect<void, RuleError>
  /** Gives false where no space has this name. */
  readonly end: (name: string) => Effect.Effect<boolean, SpaceInfo.SpaceError>
  readonly summary: Effect.Effect<SpaceInfo.Summary>
  readonly standard: Space.OpenSpace
  /** Whether a cassette of any space holds a key for the server that it records. */
  readonly holdsKey: () => boolean
  /** Removes the bytes of all files, with their temporary folder. */
  readonly close: () => void
}

/** Who is told of spaces: of each as soon as it is there, and once more before its logs are gone. */
export interface SpaceObserver {
  readonly opened: (space: Space.OpenSpace) => void
  readonly ending: (space: Space.OpenSpace) => void
}

const minutes = (millis: number): string => {
  const count = Math.round(millis / 6000) / 10
  return `${count} ${count === 1 ? "minute" : "minutes"}`
}

export const make = (options: GeminiHandler.Options, observer?: SpaceObserver): Spaces => {
  const allowance = Allowance.make(options.logBytes ?? Allowance.standard)
  const depot = Depot.make(options.storedBytes)
  const nothing = Endpoints.nothing(depot, options.models ?? ModelTable.current)
  Options.check(options)
  const shared: Scripts.SharedRules = Ready.shared(options, options.scenario)
  // Everything else that the emulator was started with is shared already.
  const { answers, otherwise: _1, rules: _2, scenario: _3, ...inherited } = options
  // A list of waiting answers is meant for the one who gave it, so other spaces do not get it: the first to come would
  // take the answers.
  const ofOthers = Array.isArray(answers) ? inherited : { ...inherited, answers }
  const standard = Space.make(Chosen.standard, options, {
    allowance,
    depot,
    nothing,
    idle: Number.POSITIVE_INFINITY,
    now: 0,
    shared
  })
  observer?.opened(standard)
  /** All spaces without the default one, in the order of their last use. */
  const all = new Map<string, Space.OpenSpace>()
  const ended = new Map<string, string>()
  const counts = { ended: 0, evicted: 0, refused: 0 }

  const bury = (space: Space.OpenSpace, why: string): Effect.Effect<void> => {
    all.delete(space.name)
    observer?.ending(space)
    counts.ended++
    const [oldest] = ended.keys()
    if (ended.size >= remembered && oldest !== undefined) ended.delete(oldest)
    ended.set(space.name, why)
    return space.end
  }

  /** Ends the spaces that are due. They are at the front, except for spaces that may be idle longer than others. */
  const sweep = Effect.fnUntraced(function*(now: number) {
    for (const space of all.values()) {
      if (space.open > 0) continue
      if (now - space.usedAt < space.idle) {
        if (space.idle === (options.spaceIdle ?? idleByDefault)) return
        continue
      }
      yield* bury(
        space,
        `The space "${space.name}" has ended: ${
          minutes(space.idle)
        } have passed since its last request, stream or session.`
      )
    }
  })

  const makeRoom = Effect.fnUntraced(function*() {
    for (const space of all.values()) {
      if (space.open > 0) continue
      counts.evicted++
      yield* bury(
        space,
        `The space "${space.name}" has ended: there were ${most} spaces, and it had been idle the longest.`
      )
      return true
    }
    return false
  })

  const begin = Effect.fnUntraced(function*(
    name: string,
    own: SpaceInfo.Options,
    now: number,
    rules?: Ready.Rules
  ) {
    if (all.size >= most && !(yield* makeRoom())) {
      const description = `${most} spaces are in use: the space "${name}" has no room.`
      return yield* new SpaceInfo.SpaceError({ space: name, description })
    }
    const space = Space.make(name, { ...ofOthers, ...own }, {
      allowance,
      depot,
      nothing,
      idle: own.spaceIdle ?? options.spaceIdle ?? idleByDefault,
      now,
      shared,
      rules,
      tokens: standard.state.tokens
    })
    ended.delete(name)
    all.set(name, space)
    observer?.opened(space)
    return space
  })

  /** Moves a space to the end of the line, because it was used last. */
  const touch = (space: Space.OpenSpace, now: number) => {
    space.usedAt = now
    // A space that has ended may have a successor of the same name.
    if (all.get(space.name) !== space) return
    all.delete(space.name)
    all.set(space.name, space)
  }
  const enter = (space: Space.OpenSpace, clock: Clock.Clock): () => void => {
    space.open++
    touch(space, clock.currentTimeMillisUnsafe())
    let inside = true
    return () => {
      if (!inside) return
      inside = false
      space.open--
      touch(space, clock.currentTimeMillisUnsafe())
    }
  }

  /** The space of a request, or the refusal of a request that reaches none. */
  const find = Effect.fnUntraced(function*(
    incoming: Parameters<typeof Chosen.chosen>[0]
  ): Effect.fn.Return<Space.OpenSpace | GoogleError.Refusal> {
    const { space: name, wrong } = { space: "", wrong: undefined, ...Chosen.chosen(incoming) }
    if (wrong !== undefined) return GoogleError.make(400, wrong)
    if (name === Chosen.standard) return standard
    const now = yield* Clock.currentTimeMillis
    yield* sweep(now)
    const known = all.get(name)
    if (known !== undefined) return known
    const why = ended.get(name)
    if (why !== undefined) return GoogleError.make(410, why, { status: "NOT_FOUND" })
    return yield* Effect.catch(
      begin(name, {}, now),
      (error) => Effect.succeed(GoogleError.make(503, error.description))
    )
  })
  const isSpace = (found: Space.OpenSpace | GoogleError.Refusal): found is Space.OpenSpace => "state" in found

  return {
    standard,
    holdsKey: () => [standard, ...all.values()].some(({ settings }) => settings.cassette?.holdsKey === true),
    close: () => {
      for (const { play, settings, state } of [standard, ...all.values()]) {
        state.webhooks.clear()
        state.scripts.holds.end(503, "The emulator has ended.")
        play(settings.cassette, () => {})
      }
      depot.close()
    },
    handle: Effect.fnUntraced(function*(incoming) {
      // A browser asks before it says which space it means.
      if (incoming.verb === "OPTIONS") return yield* standard.handle(incoming)
      const found = yield* find(incoming)
      if (!isSpace(found)) {
        counts.refused++
        const steps = Render.refusal(found, "json")
        const { origin } = incoming.headers
        return Exchange.unseen(origin === undefined ? steps : Render.shared(steps, origin))
      }
      const base = yield* Clock.Clock
      const clock = found.clock.over(base)
      const leave = enter(found, base)
      const handled = Effect.provideService(found.handle(incoming), Clock.Clock, clock)
      const exchange = yield* Effect.onError(handled, () => Effect.sync(leave))
      return {
        ...exchange,
        sleep: (millis) => clock.sleep(Duration.millis(millis)),
        closed: (outcome) => {
          leave()
          exchange.closed(outcome)
        }
      }
    }),
    handleLive: Effect.fnUntraced(function*(incoming) {
      const found = yield* find(incoming)
      if (!isSpace(found)) {
        counts.refused++
        return Carrier.refusal(Render.refusal(found, "json"))
      }
      const clock = yield* Clock.Clock
      const leave = enter(found, clock)
      const withClock = Effect.provideService(Clock.Clock, found.clock.over(clock))
      const upgrade = yield* Effect.ensuring(withClock(found.handleLive(incoming)), Effect.sync(leave))
      if (upgrade._tag === "Refused") return upgrade
      const { connect } = upgrade
      return {
        _tag: "Accepted",
        connect: (carrier) => {
          const leave = enter(found, clock)
          const connection = connect(carrier)
          return {
            ...connection,
            run: withClock(connection.run),
            gone: (code, reason) => {
              leave()
              connection.gone(code, reason)
            }
          }
        }
      }
    }),
    get: Effect.fnUntraced(function*(name, own) {
      const problem = Chosen.wrongName(name)
      if (problem !== undefined) {
        return yield* new SpaceInfo.SpaceError({ space: name, description: problem })
      }
      if (name === Chosen.standard) {
        if (own === undefined) return standard
        const description = "The space \"default\" has the options that the emulator was started with."
        return yield* new SpaceInfo.SpaceError({ space: name, description })
      }
      const rules = own === undefined ? undefined : yield* Ready.attempt(() => {
        Options.check(own)
        return Ready.ofSpace(own)
      })
      const now = yield* Clock.currentTimeMillis
      yield* sweep(now)
      const known = all.get(name)
      if (known !== undefined && own === undefined) return known
      if (known !== undefined) yield* bury(known, "")
      return yield* begin(name, own ?? {}, now, rules)
    }),
    look: Effect.fnUntraced(function*(name) {
      if (name === Chosen.standard) return standard
      const now = yield* Clock.currentTimeMillis
      yield* sweep(now)
      const known = all.get(name)
      if (known === undefined) return ended.get(name)
      touch(known, now)
      return known
    }),
    end: Effect.fnUntraced(function*(name) {
      if (name === Chosen.standard) {
        const description = "The space \"default\" never ends: clear it, or end the emulator."
        return yield* new SpaceInfo.SpaceError({ space: name, description })
      }
      const space = all.get(name)
      if (space === undefined) return false
      yield* bury(space, `The space "${name}" has ended: it was told to.`)
      return true
    }),
    setScenario: (scenario) =>
      Effect.map(Ready.attempt(() => Ready.shared(options, scenario)), (made) => {
        shared.rules = made.rules
        shared.otherwise = made.otherwise
      }),
    summary: Effect.gen(function*() {
      yield* sweep(yield* Clock.currentTimeMillis)
      return {
        spaces: [standard, ...all.values()].map(({ createdAt, name, open, state, usedAt }) => ({
          name,
          createdAt,
          usedAt,
          open,
          requests: state.log.arrived()
        })),
        ...counts
      }
    })
  }
}
