/**
 * One lane in a file: a `LaneWindow` written down, read and changed under a lock.
 *
 * The lock is a file that can be made once only. Its holder is done in milliseconds; one
 * that is older than `stale` belongs to a process that died, and is taken away.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import type { GeminiError } from "../GeminiError.ts"
import * as LaneStore from "../LaneStore.ts"
import type { Limits } from "../Tier.ts"
import { countable, LaneWindow } from "./LaneWindow.ts"

const stale = 5_000

const Learned = Schema.Struct({
  limit: Schema.Finite,
  risesAt: Schema.Finite,
  step: Schema.Finite,
  until: Schema.Finite
})

const Written = Schema.fromJsonString(Schema.Struct({
  version: Schema.Literal(1),
  window: Schema.Struct({
    entries: Schema.Array(Schema.Tuple([Schema.Finite, Schema.Finite, Schema.Finite])),
    first: Schema.Finite,
    today: Schema.Finite,
    late: Schema.Finite,
    strikes: Schema.Finite,
    last: Schema.Finite,
    dayEnd: Schema.Finite,
    dayCountsSince: Schema.Finite,
    pausedUntil: Schema.Finite,
    parkedUntil: Schema.Finite,
    learned: Schema.optionalKey(Schema.Tuple([Schema.NullOr(Learned), Schema.NullOr(Learned)]))
  }),
  /** The calls in flight, and until when they are believed to be. */
  leases: Schema.Record(Schema.String, Schema.Finite)
}))
const decode = Schema.decodeUnknownOption(Written)
const encode = Schema.encodeSync(Written)

export interface Files {
  readonly fileSystem: FileSystem.FileSystem
  /** Of this process, and of no other. */
  readonly process: string
  /** Milliseconds. */
  readonly lease: number
  readonly poll: number
  /** One permit a step that runs; who takes them all waits for these and lets no more begin. */
  readonly steps: Semaphore.Semaphore
  /** Lanes with calls in flight. */
  readonly busy: Set<FileLane>
}

class FileReservation implements LaneStore.Reservation {
  readonly _tag = "Reserved"
  readonly lane: FileLane
  readonly lease: string
  readonly position: number
  readonly at: number
  tokens: number

  constructor(lane: FileLane, lease: string, position: number, at: number, tokens: number) {
    this.lane = lane
    this.lease = lease
    this.position = position
    this.at = at
    this.tokens = tokens
  }
}

/** The lane as it was read, to be changed. */
interface Open {
  readonly window: LaneWindow
  readonly leases: Map<string, number>
  readonly now: number
}

export class FileLane implements LaneStore.StoredLane {
  readonly #files: Files
  readonly #path: string
  readonly #span: LaneStore.Window
  readonly #held = new Set<string>()
  /** In this process one waits for the other here, not at the file. */
  readonly #turn = Semaphore.makeUnsafe(1)
  /** Where the file cannot be read or written this process counts for itself. */
  readonly #alone: LaneStore.StoredLane
  #made = 0
  /** As it was written last. */
  #seen: LaneWindow | undefined

  constructor(files: Files, key: LaneStore.LaneKey, span: LaneStore.Window, path: string) {
    this.#files = files
    this.#path = path
    this.#span = span
    this.#alone = LaneStore.memory.open(key, span)
  }

  reserve(ask: LaneStore.Ask, now: number): Effect.Effect<LaneStore.Reservation | LaneStore.Refusal, GeminiError> {
    const { lease, poll, process } = this.#files
    const tokens = countable(ask.tokens)
    return Effect.catch(
      this.#within(({ leases, now, window }): LaneStore.Reservation | LaneStore.Refusal => {
        const position = window.take(now, ask.limits, tokens)
        if (position >= 0) {
          const name = `${process}-${this.#made++}`
          leases.set(name, now + lease)
          this.#held.add(name)
          this.#files.busy.add(this)
          return new FileReservation(this, name, position, now, tokens)
        }
        // Another process's call may end at any time.
        const at = window.retryAt === Infinity ? Math.min(now + poll, ...leases.values()) : window.retryAt
        return { _tag: "Refused", retryIn: Math.max(1, at - now), resetAt: window.resetAt }
      }),
      () => this.#alone.reserve(ask, now)
    )
  }

  settle(reservation: LaneStore.Reservation, tokens: number, now: number): Effect.Effect<void> {
    if (!this.#owns(reservation)) return this.#alone.settle(reservation, tokens, now)
    if (tokens === reservation.tokens) return Exit.void
    const before = reservation.tokens
    reservation.tokens = tokens
    return this.#change(({ now, window }) => window.settle(now, reservation.position, before, tokens))
  }

  release(reservation: LaneStore.Reservation, now: number): Effect.Effect<void> {
    if (!this.#owns(reservation)) return this.#alone.release(reservation, now)
    this.#letGo(reservation.lease)
    return this.#change(({ leases }) => leases.delete(reservation.lease))
  }

  cancel(reservation: LaneStore.Reservation, now: number): Effect.Effect<void> {
    if (!this.#owns(reservation)) return this.#alone.cancel(reservation, now)
    this.#letGo(reservation.lease)
    return this.#change(({ leases, window }) => {
      leases.delete(reservation.lease)
      window.cancel(reservation.position, reservation.at)
    })
  }

  charge(earlier: number, tokens: ReadonlyArray<number>, now: number): Effect.Effect<void> {
    void this.#alone.charge(earlier, tokens, now)
    return this.#change(({ now, window }) => window.charge(now, earlier, tokens))
  }

  pause(retryAfter: number | undefined, now: number): Effect.Effect<void> {
    void this.#alone.pause(retryAfter, now)
    return this.#change(({ now, window }) => window.pause(now, retryAfter))
  }

  park(resetAt: number, now: number): Effect.Effect<void> {
    void this.#alone.park(resetAt, now)
    return this.#change(({ window }) => window.park(resetAt))
  }

  teach(lesson: LaneStore.Lesson, limits: Limits, now: number): Effect.Effect<void> {
    void this.#alone.teach(lesson, limits, now)
    return this.#change(({ now, window }) => window.teach(now, lesson, limits))
  }

  read(limits: Limits, now: number): Effect.Effect<LaneStore.Reading> {
    return Effect.catch(
      this.#within(({ now, window }) => window.read(now, limits)),
      () => this.#alone.read(limits, now)
    )
  }

  seen(limits: Limits, wanted: LaneStore.Wanted, now: number): LaneStore.Reading {
    return this.#seen === undefined ? this.#alone.seen(limits, wanted, now) : this.#seen.read(now, limits, wanted)
  }

  /** What the file counts it keeps by itself. */
  isIdle(limits: Limits, now: number): boolean {
    return this.#held.size === 0 && this.#alone.isIdle(limits, now)
  }

  /** The leases of the calls in flight begin anew. */
  get renew(): Effect.Effect<void> {
    return this.#change(({ leases, now }) => {
      for (const name of this.#held) leases.set(name, now + this.#files.lease)
    })
  }

  #change(f: (open: Open) => unknown): Effect.Effect<void> {
    return Effect.ignore(this.#within(f))
  }

  /** Reads, changes and writes, while nobody else does. */
  #within<A>(f: (open: Open) => A): Effect.Effect<A, PlatformError> {
    const { fileSystem } = this.#files
    const lock = `${this.#path}.lock`
    const step = Effect.gen({ self: this }, function*() {
      const text = yield* Effect.orElseSucceed(fileSystem.readFileString(this.#path), () => "")
      // The clock is asked under the lock: time never goes back between processes.
      const now = yield* Clock.currentTimeMillis
      const open = this.#opened(text, now)
      const result = f(open)
      open.window.inFlight = open.leases.size
      const next = `${this.#path}.${this.#files.process}`
      yield* fileSystem.writeFileString(
        next,
        encode({ version: 1, window: open.window.save(), leases: Object.fromEntries(open.leases) })
      )
      yield* fileSystem.rename(next, this.#path)
      this.#seen = open.window
      return result
    })
    return Effect.acquireUseRelease(
      this.#locked(lock),
      () => step,
      () => Effect.ignore(fileSystem.remove(lock))
    ).pipe(this.#files.steps.withPermit, this.#turn.withPermit)
  }

  #opened(text: string, now: number): Open {
    const window = new LaneWindow(this.#span.window, this.#span.guard)
    // What cannot be read, or is of another version, is as if it had never been.
    const written = Option.getOrUndefined(decode(text))
    if (written !== undefined) window.restore(written.window)
    window.advance(now)
    const leases = new Map(Object.entries(written?.leases ?? {}).filter(([, until]) => until > now))
    window.inFlight = leases.size
    return { window, leases, now }
  }

  #locked(lock: string, since?: number): Effect.Effect<void, PlatformError> {
    const { fileSystem } = this.#files
    return Effect.flatMap(
      Clock.currentTimeMillis,
      (now) =>
        fileSystem.writeFileString(lock, `${this.#files.process} ${now}`, { flag: "wx" }).pipe(
          Effect.catchReason("PlatformError", "AlreadyExists", () =>
            this.#takeAway(lock, now, since ?? now).pipe(
              Effect.andThen(Effect.sleep(2)),
              Effect.andThen(this.#locked(lock, since ?? now))
            ))
        )
    )
  }

  #takeAway(lock: string, now: number, since: number): Effect.Effect<void> {
    const { fileSystem, process } = this.#files
    return Effect.gen(function*() {
      const seen = yield* fileSystem.readFileString(lock)
      // Without a time it was made this moment, or by a process that died between two steps.
      const age = now - (Number(seen.split(" ")[1]) || since)
      if (!(age > stale || age < -stale)) return
      const aside = `${lock}.${process}`
      yield* fileSystem.rename(lock, aside)
      // Somebody else was faster, and this one is a new one: back with it.
      if ((yield* fileSystem.readFileString(aside)) !== seen) yield* fileSystem.rename(aside, lock)
      else yield* fileSystem.remove(aside)
    }).pipe(Effect.ignore)
  }

  #letGo(lease: string): void {
    this.#held.delete(lease)
    if (this.#held.size === 0) this.#files.busy.delete(this)
  }

  #owns(reservation: LaneStore.Reservation): reservation is FileReservation {
    return reservation instanceof FileReservation && reservation.lane === this
  }
}
