/**
 * The writing end of a journal's file. An append is one write of one line at the end of the file, which the kernel does
 * not mix with another's; then the size tells whether anybody else wrote in between. If so, the file itself is asked
 * whether the line counts.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import {
  type JournalErrorReason,
  NotFound,
  StorageFull,
  TakenOver,
  Unavailable,
  WrongSequence
} from "../JournalErrorReason.ts"
import type { Line, StoreWriter } from "../JournalStore.ts"
import { largest } from "./DirectFile.ts"
import { type LogFile, reasonOf } from "./fileFolder.ts"
import type { FileLog } from "./FileLog.ts"
import { whoIs } from "./line.ts"
import { encode } from "./runtime.ts"

export interface Settings {
  readonly file: LogFile
  readonly log: FileLog
  /** Whether a kernel lock keeps other writers away. Only then may a torn end be cut off. */
  readonly locked: boolean
  readonly sync: boolean
}

/** The file has no name any more. */
const removed = new NotFound({ what: "run" })

export class FileWriter {
  readonly #settings: Settings
  readonly #by: string
  #file: LogFile
  /** Whether a write failed half-way, so that the file's size is not the one that was counted. */
  #dirty: boolean
  /**
   * The failure of a sync, after which no append is taken: nobody knows what the disk holds, for the kernel may have
   * dropped the pages.
   */
  #broken: Unavailable | undefined = undefined

  constructor(settings: Settings, by: string) {
    this.#settings = settings
    this.#by = by
    this.#file = settings.file
    this.#dirty = settings.log.rest > 0
    settings.log.chain.mine = by
  }

  get end(): StoreWriter["end"] {
    return this.#settings.log.chain.end
  }

  /** Goes on by another descriptor of the same file. */
  moveTo(file: LogFile): void {
    this.#file = file
    this.#settings.log.moveTo(file)
  }

  /** Writes one line. It must not be interrupted, for a write that the kernel has cannot be taken back. */
  append(line: Line, text: string): Effect.Effect<void, JournalErrorReason> {
    return Effect.uninterruptible(Effect.suspend(() => {
      if (this.#broken !== undefined) return Effect.fail(this.#broken)
      return this.#dirty ? Effect.andThen(this.#clean, () => this.#place(line, text)) : this.#place(line, text)
    }))
  }

  #place(line: Line, text: string): Effect.Effect<void, JournalErrorReason> {
    const { chain } = this.#settings.log
    // The write was reported as failed, but the line is in the file.
    if (chain.own > line.seq) return Effect.void
    if (!line.opened && chain.by !== this.#by) return Effect.fail(new TakenOver(whoIs(chain.by)))
    if (chain.next !== line.seq) return Effect.fail(new WrongSequence({ expected: chain.next, given: line.seq }))
    // Without a lock a torn end is closed by a line break and not cut off, because somebody may be writing after it.
    // If only its line break was missing, that line counts from here on, and this one may not.
    const bytes = encode(this.#settings.locked ? `${text}\n` : `\n${text}\n`)
    const { place } = this.#file
    if (place !== undefined && !this.#settings.sync && bytes.length <= largest) {
      return this.#add(place, bytes, line, text)
    }
    const written = this.#settings.sync ? Effect.andThen(this.#write(bytes), this.#flush) : this.#write(bytes)
    return Effect.flatMap(Effect.andThen(written, this.#stat), (size) => this.#placed(size, bytes, line, text))
  }

  /** Does what writing and then looking does, in one step of the fiber. */
  #add(
    place: NonNullable<LogFile["place"]>,
    bytes: Uint8Array,
    line: Line,
    text: string
  ): Effect.Effect<void, JournalErrorReason> {
    this.#dirty = true
    return Effect.matchEffect(place(bytes), {
      onFailure: (error) => Effect.andThen(Effect.ignore(this.#clean), Effect.fail(reasonOf(error))),
      onSuccess: ({ names, size, written }): Effect.Effect<void, JournalErrorReason> => {
        if (written < bytes.length) {
          const rest = Effect.andThen(this.#write(bytes.subarray(written)), this.#stat)
          return Effect.flatMap(rest, (size) => this.#placed(size, bytes, line, text))
        }
        this.#dirty = false
        return names === 0 ? Effect.fail(removed) : this.#placed(size, bytes, line, text)
      }
    })
  }

  /** `size` is the file's after the write: it tells whether anybody else wrote in between. */
  #placed(size: number, bytes: Uint8Array, line: Line, text: string): Effect.Effect<void, JournalErrorReason> {
    const { log } = this.#settings
    if (log.rest === 0 && size === log.offset + bytes.length) {
      log.wrote(line, size)
      return Effect.void
    }
    return Effect.andThen(log.skip, () => this.#judge(line, text))
  }

  /** Finds out whether the line counts, after somebody else wrote meanwhile. */
  #judge(line: Line, text: string): Effect.Effect<void, JournalErrorReason> {
    const { chain } = this.#settings.log
    // The line counts also where another writer opened the run after it: that one is told to the next append.
    if (chain.own > line.seq) return Effect.void
    // Another writer's torn line has swallowed this one, so it is written again.
    if (chain.by === this.#by && chain.next === line.seq) return this.#place(line, text)
    return Effect.fail(new TakenOver(whoIs(chain.by)))
  }

  #write(bytes: Uint8Array): Effect.Effect<void, JournalErrorReason> {
    this.#dirty = true
    const rest = (bytes: Uint8Array): Effect.Effect<void, JournalErrorReason> =>
      Effect.flatMap(Effect.mapError(this.#file.write(bytes), reasonOf), (written) => {
        if (written === bytes.length) {
          this.#dirty = false
          return Effect.void
        }
        return written === 0
          ? Effect.fail(new StorageFull({ code: "ENOSPC" }))
          : rest(bytes.subarray(written))
      })
    return Effect.tapError(rest(bytes), () => Effect.ignore(this.#clean))
  }

  /** Makes the counted state agree with the file again: by cutting off a torn end, or by reading on. */
  get #clean(): Effect.Effect<void, JournalErrorReason> {
    const { locked, log } = this.#settings
    return log.skip.pipe(
      Effect.andThen(
        Effect.suspend(() =>
          locked && log.rest > 0 ? Effect.mapError(this.#file.truncate(log.offset), reasonOf) : Effect.void
        )
      ),
      Effect.andThen(Effect.sync(() => {
        if (locked) log.rest = 0
        this.#dirty = false
      }))
    )
  }

  get #flush(): Effect.Effect<void, JournalErrorReason> {
    return Effect.mapError(this.#file.sync, (error) => {
      const reason = reasonOf(error)
      this.#broken = new Unavailable({ code: "code" in reason ? reason.code : "SYNC" })
      return this.#broken
    })
  }

  get #stat(): Effect.Effect<number, JournalErrorReason> {
    return Effect.flatMap(
      Effect.mapError(this.#file.stat, reasonOf),
      (info) =>
        Option.getOrElse(info.nlink, () => 1n) === 0n
          ? Effect.fail(removed)
          : Effect.succeed(Number(info.size))
    )
  }
}
