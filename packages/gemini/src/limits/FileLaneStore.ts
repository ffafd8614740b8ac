/**
 * Lanes in files: a quota remembered between runs, and shared by the processes of one
 * machine.
 *
 * Each step reads, changes and writes one small file under a lock, in about a millisecond:
 * right for commands and scripts. A fleet wants `RedisLaneStore`. The directory is made if
 * it is not there.
 *
 * Where a file cannot be read or written within six seconds (it is no regular file, the disk is full
 * or read-only, a lock is another user's), the process counts by itself from what it knew last, and
 * tries the file again each second. A file that is damaged counts from what the process knew of it,
 * if anything. Both are said by `Effect.logWarning`, once each time.
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
import { FileLane, type Files, patience } from "../internal/limiter/FileLane.ts"
import { type Status, timed, up } from "../internal/limiter/StoreLink.ts"
import * as LaneStore from "./LaneStore.ts"
import * as ModelId from "../models/ModelId.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Where the files are, one a lane. */
  readonly directory: string
  /** After how long the calls of a process that died free their concurrency. Default 15 seconds. */
  readonly lease?: Duration.Input | undefined
  /** How often a call asks again while other processes hold all concurrency. Default 100 milliseconds. */
  readonly poll?: Duration.Input | undefined
}

const millis = (input: Duration.Input | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(Duration.fromInputUnsafe(input))

/** More than ever run at once. */
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
  // Anything else that lies there is no lane.
  return nameOf(key) === name ? key : undefined
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options) {
  const fileSystem = yield* FileSystem.FileSystem
  const { directory } = options
  const clock = Context.get(Context.empty(), Clock.Clock)
  // Where it cannot be made, the lanes find that out.
  yield* Effect.ignore(fileSystem.makeDirectory(directory, { recursive: true }))
  const files: Files = {
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
      new FileLane(files, window, `${directory}/${nameOf(key)}`, Effect.runSync(SubscriptionRef.make<Status>(up)))
  })
})

/**
 * The lanes that a directory remembers, sorted; none where there is no such directory. What they
 * count is asked of the store: `store.open(key, …).read(…)`.
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
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<LaneStore.LaneStore, never, FileSystem.FileSystem> =>
  Layer.effect(LaneStore.LaneStore, make(options))
