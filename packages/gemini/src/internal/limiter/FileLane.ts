/**
 * One lane in a file: a `SavedWindow` that is written down, and that is read and changed under a lock.
 *
 * If the file cannot be read or written within `patience`, the process counts by itself, beginning with what it last
 * knew of the lane. What it counted meanwhile is charged to the file once that can be used again.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type * as SubscriptionRef from "effect/SubscriptionRef"
import * as LaneStore from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import { countable } from "../wire/countable.ts"
import * as FileLock from "./FileLock.ts"
import * as LaneFile from "./laneFile.ts"
import { type Saved, SavedWindow } from "./SavedWindow.ts"
import { type LinkStatus, StoreLink } from "./StoreLink.ts"

/** How long a step may take, in real milliseconds: longer than it takes to see that the holder of a lock died. */
export const patience = FileLock.stale + 1_000

/** How often a file that could not be used is tried again, in milliseconds. */
const probeEvery = 1_000

/**
 * The largest file, in bytes. It has room for a million requests in the window; without a bound, a device would be read
 * for ever.
 */
const largest = 64 * 1024 * 1024

export interface LaneFiles {
  readonly fileSystem: FileSystem.FileSystem
  /** A name of this process that no other process has. */
  readonly process: string
  /** How long a lease holds, in milliseconds. */
  readonly lease: number
  readonly poll: number
  /** One permit for each running step. Whoever takes all permits waits for these steps and lets no more begin. */
  readonly steps: Semaphore.Semaphore
  /** The lanes with calls in flight. */
  readonly busy: Set<FileLane>
  /** The scope of the store. */
  readonly scope: Scope.Scope
  /** The clock of the machine: a file takes real time, whatever the clock of a test says. */
  readonly clock: Clock.Clock
  /** Whether the store's scope is closed: what is still asked then concerns only this process. */
  isClosed: boolean
}

class FileReservation implements LaneStore.Reservation {
  readonly _tag = "Reserved"
  readonly lane: FileLane
  readonly lease: string
  readonly position: number
  readonly at: number
  /** Where the reservation was taken, if that was not the file. */
  readonly alone: OwnCount | undefined
  tokens: number

  constructor(
    lane: FileLane,
    lease: string,
    taken: { readonly position: number; readonly at: number; readonly alone: OwnCount | undefined },
    tokens: number
  ) {
    this.lane = lane
    this.lease = lease
    this.position = taken.position
    this.at = taken.at
    this.alone = taken.alone
    this.tokens = tokens
  }
}

/** A lane in the form in which it is counted. */
interface CountedLane {
  readonly window: SavedWindow
  readonly leases: Map<string, number>
}

/** A lane as it was read, to be changed. */
interface OpenLane extends CountedLane {
  readonly now: number
  readonly alone: OwnCount | undefined
}

/** What this process counts by itself, on top of what the file held when it could last be used. */
interface OwnCount extends CountedLane {
  from: { readonly position: number; readonly today: number; readonly dayEnd: number }
}

export class FileLane implements LaneStore.StoredLane {
  readonly #files: LaneFiles
  readonly #path: string
  readonly #span: LaneStore.Window
  readonly #held = new Set<string>()
  /** Steps of this process wait for each other here, and not at the file. */
  readonly #turn = Semaphore.makeUnsafe(1)
  readonly #link: StoreLink
  #made = 0
  /** The lane as the file last held it, if it was ever read. */
  #known: CountedLane | undefined
  #alone: OwnCount | undefined

  constructor(
    files: LaneFiles,
    span: LaneStore.Window,
    path: string,
    status: SubscriptionRef.SubscriptionRef<LinkStatus>
  ) {
    this.#files = files
    this.#path = path
    this.#span = span
    this.#link = new StoreLink(
      { timeout: patience, probeEvery, ping: Effect.suspend(() => this.#step(() => undefined)), clock: files.clock },
      status,
      files.scope
    )
  }

  reserve(ask: LaneStore.Claim): Effect.Effect<LaneStore.Reservation | LaneStore.Refusal> {
    const { lease, poll, process } = this.#files
    const tokens = countable(ask.tokens)
    const taken = this.#within(({ alone, leases, now, window }): LaneStore.Reservation | LaneStore.Refusal => {
      const position = window.take(now, ask.limits, tokens)
      if (position >= 0) {
        const name = `${process}-${this.#made++}`
        leases.set(name, now + lease)
        return new FileReservation(this, name, { position, at: now, alone }, tokens)
      }
      // Another process's call may end at any time.
      const at = window.retryAt === Infinity ? Math.min(now + poll, ...leases.values()) : window.retryAt
      return { _tag: "Refused", retryIn: Math.max(1, at - now), resetAt: window.resetAt }
    })
    // Only what was written, or counted here, is held: a step that could not be written took nothing.
    return Effect.map(taken, (answer) => {
      if (this.#owns(answer)) {
        this.#held.add(answer.lease)
        this.#files.busy.add(this)
      }
      return answer
    })
  }

  settle(reservation: LaneStore.Reservation, tokens: number): Effect.Effect<void> {
    if (!this.#owns(reservation) || tokens === reservation.tokens) return Exit.void
    const before = reservation.tokens
    reservation.tokens = tokens
    return this.#change((open) => open.window.settle(open.now, placeOf(reservation, open), before, tokens))
  }

  release(reservation: LaneStore.Reservation): Effect.Effect<void> {
    if (!this.#owns(reservation)) return Exit.void
    this.#letGo(reservation.lease)
    return this.#change(({ leases }) => leases.delete(reservation.lease))
  }

  cancel(reservation: LaneStore.Reservation): Effect.Effect<void> {
    if (!this.#owns(reservation)) return Exit.void
    this.#letGo(reservation.lease)
    return this.#change((open) => {
      open.leases.delete(reservation.lease)
      open.window.cancel(placeOf(reservation, open), reservation.at)
    })
  }

  charge(earlier: number, tokens: ReadonlyArray<number>): Effect.Effect<void> {
    return this.#change(({ now, window }) => window.charge(now, earlier, tokens))
  }

  pause(retryAfter: number | undefined): Effect.Effect<void> {
    return this.#change(({ now, window }) => window.pause(now, retryAfter))
  }

  park(resetAt: number): Effect.Effect<void> {
    return this.#change(({ window }) => window.park(resetAt))
  }

  teach(lesson: LaneStore.Lesson, limits: Limits): Effect.Effect<void> {
    return this.#change(({ now, window }) => window.teach(now, lesson, limits))
  }

  read(limits: Limits): Effect.Effect<LaneStore.Reading> {
    return this.#within(({ now, window }) => window.read(now, limits))
  }

  seen(limits: Limits, wanted: LaneStore.Wanted, now: number): LaneStore.Reading {
    const { window } = this.#alone ?? (this.#known ??= this.#counts(undefined, now))
    return window.read(now, limits, wanted)
  }

  /** Whether the lane can be forgotten. The file keeps what it counts, and what stops the lane can be read again. */
  isIdle(limits: Limits, now: number): boolean {
    if (this.#held.size > 0) return false
    if (this.#alone !== undefined) return this.#alone.window.isIdle(now, limits)
    const reading = this.#known?.window.read(now, limits)
    return reading?.parkedUntil === undefined && reading?.learned === undefined
  }

  /** Renews the leases of the calls in flight. */
  get renew(): Effect.Effect<void> {
    return this.#change(({ leases, now }) => {
      for (const name of this.#held) leases.set(name, now + this.#files.lease)
    })
  }

  #change(f: (open: OpenLane) => unknown): Effect.Effect<void> {
    return Effect.asVoid(this.#within(f))
  }

  /** Reads, changes and writes the file while nobody else does, or changes what this process counts by itself. */
  #within<A>(f: (open: OpenLane) => A): Effect.Effect<A> {
    const step = Effect.suspend(() =>
      this.#files.isClosed ? Effect.undefined : this.#link.run(this.#step((open) => {
        if (this.#alone !== undefined) {
          this.#advance(this.#alone, open.now)
          chargeTo(open.window, this.#alone, open.now)
        }
        return f(open)
      }))
    )
    return this.#turn.withPermit(Effect.flatMap(step, (done) => {
      if (done !== undefined) {
        this.#known = done.counts
        this.#alone = undefined
        return Effect.succeed(done.result)
      }
      return Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const isNews = this.#alone === undefined && !this.#files.isClosed
        const warning = isNews ? this.#warn(this.#link.down?.code) : Effect.void
        const alone = this.#alone ??= this.#begin(now)
        this.#advance(alone, now)
        return Effect.as(warning, f({ ...alone, now, alone }))
      })
    }))
  }

  /** One step. `f` keeps nothing of its argument, and may be called again with another reading of the file. */
  #step<A>(
    f: (open: OpenLane) => A
  ): Effect.Effect<{ readonly result: A; readonly counts: CountedLane }, PlatformError | FileLock.NotThatFile> {
    const { clock, fileSystem, process, steps } = this.#files
    return FileLock.withLock(
      fileSystem,
      `${this.#path}.lock`,
      { owner: process, clock },
      (lock) =>
        Effect.gen({ self: this }, function*() {
          const text = yield* FileLock.readRegular(fileSystem, this.#path, largest).pipe(
            Effect.catchReason("PlatformError", "NotFound", () => Effect.undefined)
          )
          // The clock is asked under the lock, so that time never goes back between processes.
          const now = yield* Clock.currentTimeMillis
          const counts = yield* this.#read(text, now)
          const result = f({ ...counts, now, alone: undefined })
          counts.window.inFlight = counts.leases.size
          const next = `${this.#path}.${process}`
          const written = fileSystem.writeFileString(next, LaneFile.encode(counts.window.save(), counts.leases))
          yield* Effect.andThen(written, lock.check).pipe(
            Effect.andThen(fileSystem.rename(next, this.#path)),
            Effect.onError(() => Effect.ignore(fileSystem.remove(next)))
          )
          return { result, counts }
        })
    ).pipe(
      steps.withPermit,
      Effect.catchTag("LockLost", () => Effect.suspend(() => this.#step(f)))
    )
  }

  /** The lane that a file holds. If the file is damaged, it is what this process last knew of the lane. */
  #read(text: string | undefined, now: number): Effect.Effect<CountedLane> {
    if (text === undefined) return Effect.succeed(this.#counts(undefined, now))
    const written = LaneFile.decode(text)
    if (written !== undefined) {
      const { leases, window } = written
      const span = this.#span.window + this.#span.margin
      return Effect.succeed(this.#counts({
        window: LaneFile.bounded(window, now, span),
        leases: Object.entries(leases)
      }, now))
    }
    const known = this.#known
    return Effect.as(
      Effect.logWarning(
        `${this.#path} is damaged, or of another version: its quota is counted ` +
          (known === undefined ? "from nothing" : "from what this process knew of it")
      ),
      this.#counts(known && { window: known.window.save(), leases: known.leases }, now)
    )
  }

  #counts(
    saved: { readonly window: Saved; readonly leases: Iterable<readonly [string, number]> } | undefined,
    now: number
  ): CountedLane {
    const window = new SavedWindow(this.#span.window, this.#span.margin)
    if (saved !== undefined) window.restore(saved.window)
    const back = window.advance(now)
    const counts = { window, leases: LaneFile.holding(saved?.leases ?? [], now, this.#files.lease, back) }
    window.inFlight = counts.leases.size
    return counts
  }

  #begin(now: number): OwnCount {
    const known = this.#known
    const counts = this.#counts(known && { window: known.window.save(), leases: known.leases }, now)
    const { dayEnd, entries, first, today } = counts.window.save()
    return { ...counts, from: { position: first + entries.length, today, dayEnd } }
  }

  #advance(alone: OwnCount, now: number): void {
    const { leases, window } = alone
    const back = window.advance(now)
    if (back > 0) {
      for (const [name, until] of leases) leases.set(name, until - back)
      const { dayEnd } = window.save()
      if (dayEnd < alone.from.dayEnd) alone.from = { ...alone.from, dayEnd }
    }
    for (const [name, until] of leases) if (until <= now) leases.delete(name)
    window.inFlight = leases.size
  }

  #warn(code = "UNKNOWN"): Effect.Effect<void> {
    return Effect.logWarning(
      `${this.#path} cannot be used (${code}): until it can, this process counts the quota by itself`
    )
  }

  #letGo(lease: string): void {
    this.#held.delete(lease)
    if (this.#held.size === 0) this.#files.busy.delete(this)
  }

  #owns(answer: LaneStore.Reservation | LaneStore.Refusal): answer is FileReservation {
    return answer instanceof FileReservation && answer.lane === this
  }
}

/**
 * The place of a reservation in the window that is open. A position of another window is of no use, and lies before all
 * of it.
 */
const placeOf = ({ alone, position }: FileReservation, open: OpenLane): number =>
  alone === undefined || alone === open.alone ? position : -1

/** Charges to the file what was counted apart from it. */
const chargeTo = (window: SavedWindow, { from, window: alone }: OwnCount, now: number): void => {
  const { dayEnd, entries, first, today } = alone.save()
  const since = entries.slice(Math.max(0, from.position - first)).filter(([, , requests]) => requests > 0)
  const taken = today - (dayEnd === from.dayEnd ? from.today : 0)
  window.charge(now, Math.max(0, taken - since.length), since.map(([, tokens]) => tokens))
  if (alone.pausedUntil > now) window.pause(now, alone.pausedUntil - now)
  if (alone.parkedUntil > now) window.park(alone.parkedUntil)
}
