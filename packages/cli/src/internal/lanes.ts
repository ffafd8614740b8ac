/**
 * Lanes as `limits` shows them: what running processes tell of theirs, and what is remembered of lanes that nobody uses
 * now.
 *
 * A run tells of its lanes in a file of its own as long as it lives. Only the process itself knows who waits in it, and
 * the quota of an embedded emulator ends with the run.
 */
import * as FileLaneStore from "effect-gemini/limits/FileLaneStore"
import type * as LaneStore from "effect-gemini/limits/LaneStore"
import * as Tier from "effect-gemini/limits/Tier"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import * as Folder from "./folder.ts"

// JSON has no Infinity: null means that there is no limit.
const Limit = Schema.NullOr(Schema.Finite)

const Lane = Schema.Struct({
  project: Schema.String,
  location: Schema.String,
  model: Schema.String,
  family: Schema.String,
  limits: Schema.Struct({ rpm: Limit, tpm: Limit, rpd: Limit, concurrency: Limit }),
  used: Schema.Struct({
    requests: Schema.Finite,
    tokens: Schema.Finite,
    today: Schema.Finite,
    inFlight: Schema.Finite
  }),
  /** Calls in the queue. */
  waiting: Schema.Finite,
  /** Milliseconds since the epoch, or null. */
  nextFree: Schema.NullOr(Schema.Finite),
  parkedUntil: Schema.NullOr(Schema.Finite),
  isExhausted: Schema.Boolean,
  /** Limits that 429s taught, below the tier's, and when they are forgotten. */
  learned: Schema.NullOr(Schema.Struct({ rpm: Limit, tpm: Limit, until: Schema.Finite }))
})
export type Lane = typeof Lane.Type

const Told = Schema.fromJsonString(Schema.Struct({
  version: Schema.Literal(1),
  server: Schema.String,
  title: Schema.String,
  at: Schema.Finite,
  lanes: Schema.Array(Lane)
}))
const decode = Schema.decodeUnknownOption(Told)
const encode = Schema.encodeSync(Told)

/** Lanes that one server counts. */
export interface Group {
  /** What the run says of itself, for a run that also names its server. */
  readonly title: string | undefined
  readonly lanes: ReadonlyArray<Lane>
}

/** The folder of lanes that is shown. */
export interface Source {
  /** The name of the server, as runs give it. */
  readonly server: string
  /** The folder where its quota is remembered, if it is. */
  readonly directory: string | undefined
  readonly tier: Tier.Tier
}

/** An embedded server is another one in every run. */
export const embedded = "embedded"

const every = 250
/** A run that has told nothing for so many milliseconds has died. */
const silence = 5_000

const limit = (n: number): number | null => Number.isFinite(n) ? n : null

const limitsOf = ({ concurrency, rpd, rpm, tpm }: Tier.Limits): Lane["limits"] => ({
  rpm: limit(rpm),
  tpm: limit(tpm),
  rpd: limit(rpd),
  concurrency: limit(concurrency)
})

export const fromSnapshot = (snapshot: Omit<RateLimiter.LaneSnapshot, "phase" | "debt">): Lane => {
  const { isExhausted, lane, learned, limits, nextFree, parkedUntil, used, waiting } = snapshot
  return {
    project: lane.project,
    location: lane.location,
    model: lane.quotaModel,
    family: lane.family,
    limits: limitsOf(limits),
    used,
    waiting,
    nextFree: nextFree ?? null,
    parkedUntil: parkedUntil ?? null,
    isExhausted,
    learned: learned === undefined
      ? null
      : { rpm: learned.rpm ?? null, tpm: learned.tpm ?? null, until: learned.until }
  }
}

const directoryOfRuns = Effect.map(
  Config.option(Config.String("XDG_RUNTIME_DIR")),
  Option.match({
    onNone: () => join(tmpdir(), `gemini-fx-${userInfo().uid}`),
    onSome: (directory) => join(directory, "gemini-fx")
  })
)

/** Tells of the limiter's lanes for the life of the scope. If it cannot, nothing fails: this run is just not shown. */
export const tell = Effect.fnUntraced(function*(server: string, title: string) {
  const files = yield* FileSystem.FileSystem
  const limiter = yield* RateLimiter.RateLimiter
  const directory = yield* directoryOfRuns
  const path = join(directory, `${process.pid}-${(yield* Random.nextIntBetween(0, 2 ** 32)).toString(36)}.json`)
  const problem = yield* Folder.prepare(directory, "private")
  if (problem !== undefined) return yield* Effect.logWarning(`${problem}: gemini-fx limits shows nothing of this run`)
  let said = ""
  let saidAt = -Infinity
  const step = Effect.gen(function*() {
    const lanes = (yield* limiter.snapshot).map(fromSnapshot)
    const at = yield* Clock.currentTimeMillis
    const text = JSON.stringify(lanes)
    if (text === said && at - saidAt < silence / 4) return
    // The file is put in place in one step, so that nobody reads half of it.
    yield* files.writeFileString(`${path}.new`, encode({ version: 1, server, title, at, lanes }), { mode: 0o600 })
    yield* files.rename(`${path}.new`, path)
    said = text
    saidAt = at
  })
  yield* Effect.addFinalizer(() => Effect.ignore(files.remove(path)))
  // A step that has begun is also ended, because its file would outlive the run otherwise.
  const steps = Effect.forever(Effect.andThen(Effect.uninterruptible(Effect.ignore(step)), Effect.sleep(every)))
  yield* Effect.forkScoped(steps)
})

const told = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const directory = yield* directoryOfRuns
  // Nothing is read where another user could have written: it may not come from a run of this user's.
  if ((yield* Folder.problem(directory, "private")) !== undefined) return []
  const now = yield* Clock.currentTimeMillis
  const names = yield* Effect.orElseSucceed(files.readDirectory(directory), () => [])
  const all = yield* Effect.forEach(
    names.toSorted(),
    Effect.fnUntraced(function*(name) {
      const run = decode(yield* Effect.orElseSucceed(files.readFileString(join(directory, name)), () => ""))
      if (Option.isNone(run)) return []
      if (now - run.value.at <= silence) return name.endsWith(".json") ? [run.value] : []
      // After a minute it is certain that the run was killed, and what it left is taken away.
      if (now - run.value.at > 60_000) yield* Effect.ignore(files.remove(join(directory, name)))
      return []
    })
  )
  return all.flat()
})

const keyOf = ({ family, location, model, project }: Pick<Lane, "project" | "location" | "model" | "family">): string =>
  JSON.stringify([model, family, project, location])

/** The counts of the lanes in a directory, without those that are in `known`. */
const remembered = Effect.fnUntraced(function*(directory: string, tier: Tier.Tier, known: ReadonlySet<string>) {
  if ((yield* Folder.problem(directory, "shared")) !== undefined) return []
  const keys = (yield* FileLaneStore.lanes(directory)).filter((key) =>
    !known.has(keyOf({ ...key, model: key.quotaModel }))
  )
  if (keys.length === 0) return []
  const store = yield* FileLaneStore.make({ directory })
  const now = yield* Clock.currentTimeMillis
  return yield* Effect.forEach(keys, (key: LaneStore.LaneKey) => {
    const limits = Tier.limitsFor(tier, key.quotaModel)
    return Effect.map(
      store.open(key, { window: 60_000, margin: 60 }).read(limits, now),
      ({ exhausted, freeIn, inFlight, learned, parkedUntil, requests, today, tokens }) =>
        fromSnapshot({
          lane: key,
          limits,
          used: { requests, tokens, today, inFlight },
          waiting: 0,
          nextFree: freeIn === Infinity ? undefined : now + freeIn,
          parkedUntil,
          isExhausted: exhausted,
          learned
        })
    )
  })
}, Effect.scoped)

/** The lanes as they stand, sorted. */
export const read = Effect.fnUntraced(function*({ directory, server, tier }: Source) {
  const runs = (yield* told).filter((run) => run.server === server)
  const sorted = (lanes: Iterable<Lane>) => Array.from(lanes).sort((a, b) => keyOf(a) < keyOf(b) ? -1 : 1)
  if (server === embedded) {
    return runs.map(({ lanes, title }): Group => ({ title, lanes: sorted(lanes) }))
  }
  // Runs that share a store count the same lane, and each run has its own waiting calls.
  const lanes = new Map<string, Lane>()
  for (const run of runs.toSorted((a, b) => a.at - b.at)) {
    for (const lane of run.lanes) {
      const waiting = lane.waiting + (lanes.get(keyOf(lane))?.waiting ?? 0)
      lanes.set(keyOf(lane), { ...lane, waiting })
    }
  }
  const rest = directory === undefined ? [] : yield* remembered(directory, tier, new Set(lanes.keys()))
  const group: Group = { title: undefined, lanes: sorted([...lanes.values(), ...rest]) }
  return [group]
})
