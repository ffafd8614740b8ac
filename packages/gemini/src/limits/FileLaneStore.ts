/**
 * Lanes in files: a quota remembered between runs, and shared by the processes of one
 * machine.
 *
 * Each step reads, changes and writes one small file under a lock, in about a millisecond. That suits commands and
 * scripts; many processes should share a `RedisLaneStore`. The directory is made if it is not there.
 *
 * If a file cannot be read or written within six seconds (it is not a regular file, the disk is full or read-only, the
 * lock belongs to another user), the process counts by itself from what it knew last, and tries the file again each
 * second. For a damaged file it goes on from what it knew of it, if anything. Each of these is logged once by
 * `Effect.logWarning`.
 *
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as FileLaneStore from "effect-gemini/limits/FileLaneStore"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as Layer from "effect/Layer"
 *
 * const gemini = NodeGemini.layerConfig().pipe(
 *   Layer.provide(FileLaneStore.layer({ directory: ".gemini-quota" })),
 *   Layer.provide(NodeFileSystem.layer)
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { FileLane, type LaneFiles, patience } from "../internal/limiter/FileLane.ts"
import { type LinkStatus, timed, up } from "../internal/limiter/StoreLink.ts"
import * as ModelId from "../models/ModelId.ts"
import * as LaneStore from "./LaneStore.ts"

/**
 * Where the files are, and how processes wait for each other.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The directory of the files, one for each lane. */
  readonly directory: string
  /** After how long the calls of a process that died free their concurrency. Default 15 seconds. */
  readonly lease?: Duration.Input | undefined
  /** How often a call asks again while other processes hold all concurrency. Default 100 milliseconds. */
  readonly poll?: Duration.Input | undefined
}

const millis = (input: Duration.Input | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(Duration.fromInputUnsafe(input))

/** A limit of concurrent steps that is never reached. */
const allSteps = Number.MAX_SAFE_INTEGER

const families: ReadonlyArray<LaneStore.LaneKey["family"]> = ["generate", "embed", "count", "live", "liveSession"]

const nameOf = (key: LaneStore.LaneKey): string =>
  `${[key.project, key.location, key.quotaModel, key.family].map(encodeURIComponent).join("+")}.json`

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

const keyOf = (name: string): LaneStore.LaneKey | undefined => {
  const [project = "", location = "", model = "", rest] = name.split("+").map(decoded)
  const family = families.find((family) => rest === `${family}.json`)
  const quotaModel = ModelId.parse(model)
  if (family === undefined || Result.isFailure(quotaModel)) return undefined
  const key = { project, location, quotaModel: quotaModel.success, family }
  // Other files in the directory are not lanes.
  return nameOf(key) === name ? key : undefined
}

/**
 * The store over the FileSystem of the context. It makes the directory if it is not there, and never fails.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options) {
  const fileSystem = yield* FileSystem.FileSystem
  const { directory } = options
  const clock = Context.get(Context.empty(), Clock.Clock)
  // A directory that cannot be made shows when a lane is used.
  yield* Effect.ignore(fileSystem.makeDirectory(directory, { recursive: true }))
  const files: LaneFiles = {
    fileSystem,
    process: (yield* Random.nextIntBetween(0, 2 ** 48)).toString(36),
    lease: millis(options.lease, 15_000),
    poll: millis(options.poll, 100),
    steps: Semaphore.makeUnsafe(allSteps),
    busy: new Set(),
    scope: yield* Effect.scope,
    clock,
    isClosed: false
  }
  yield* Effect.sleep(files.lease / 3).pipe(
    Effect.andThen(Effect.suspend(() => Effect.forEach([...files.busy], (lane) => lane.renew, { discard: true }))),
    Effect.forever,
    Effect.forkScoped
  )
  // A process that ends in the middle of a step leaves its lock behind, for which others wait seconds.
  yield* Effect.addFinalizer(() => {
    files.isClosed = true
    return timed(files.steps.take(allSteps), patience, clock)
  })
  return LaneStore.LaneStore.of({
    open: (key, window) =>
      new FileLane(files, window, `${directory}/${nameOf(key)}`, Effect.runSync(SubscriptionRef.make<LinkStatus>(up)))
  })
})

/**
 * The keys of the lanes in a directory, sorted; none if there is no such directory. The store tells what they count:
 * `store.open(key, …).read(…)`.
 *
 * @category getters
 * @since 0.1.0
 */
export const lanes = Effect.fnUntraced(function*(directory: string) {
  const fileSystem = yield* FileSystem.FileSystem
  const names = yield* Effect.orElseSucceed(fileSystem.readDirectory(directory), () => [])
  return names.toSorted().flatMap((name): ReadonlyArray<LaneStore.LaneKey> => {
    const key = keyOf(name)
    return key === undefined ? [] : [key]
  })
})

/**
 * Lanes in files of one directory, for `RateLimiter.layer`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<LaneStore.LaneStore, never, FileSystem.FileSystem> =>
  Layer.effect(LaneStore.LaneStore, make(options))
