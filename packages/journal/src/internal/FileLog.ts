/** A journal's file read from its beginning, piece by piece: which lines count, and where the last whole one ends. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { Corrupt, type JournalErrorReason } from "../JournalErrorReason.ts"
import type { Line } from "../JournalStore.ts"
import { Chain } from "./Chain.ts"
import { type LogFile, reasonOf } from "./fileFolder.ts"
import { parse } from "./line.ts"
import { largestAppend } from "./run.ts"

const newline = 10
const piece = 262_144
/** The longest line in bytes, with room for what stands around the records of the largest append. */
const longest = largestAppend + piece

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const lineOf = (bytes: Uint8Array): ReturnType<typeof parse> => {
  try {
    return parse(decoder.decode(bytes))
  } catch {
    return Result.fail(new Corrupt({ description: "a line is not valid UTF-8" }))
  }
}

export const readAt = (
  file: LogFile,
  position: number,
  size: number
): Effect.Effect<Uint8Array, JournalErrorReason> =>
  Effect.mapError(
    Effect.map(file.readAlloc(size, { position: BigInt(position) }), Option.getOrElse(() => new Uint8Array(0))),
    reasonOf
  )

export class FileLog {
  readonly chain = new Chain()
  /** Where the last whole line ends. */
  offset = 0
  /** How many bytes follow it, as last seen: a line that is being written, or a torn one. */
  rest = 0
  /** A line that cannot be read. Nothing is lost if the numbers go on after it, for then it was never acknowledged. */
  #damaged: Corrupt | undefined = undefined
  #file: LogFile

  constructor(file: LogFile) {
    this.#file = file
  }

  /** Reads on by another descriptor of the same file. */
  moveTo(file: LogFile): void {
    this.#file = file
  }

  /** The next lines that count. `ended` is true if there is no further whole line now. */
  readonly next: Effect.Effect<{ readonly lines: ReadonlyArray<Line>; readonly ended: boolean }, JournalErrorReason> =
    Effect.suspend(() => this.#read(piece))

  /** Reads to the end and only counts the lines. */
  readonly skip: Effect.Effect<void, JournalErrorReason> = Effect.suspend(() =>
    Effect.flatMap(this.next, ({ ended }) => ended ? Effect.void : this.skip)
  )

  /** Counts a line that this process wrote itself and so need not read. */
  wrote(line: Line, size: number): void {
    this.chain.take(line)
    this.offset = size
    this.rest = 0
  }

  /** Why the file cannot be read past this place; the lines before it are given first. */
  #failure: JournalErrorReason | undefined = undefined

  #read(
    size: number
  ): Effect.Effect<{ readonly lines: ReadonlyArray<Line>; readonly ended: boolean }, JournalErrorReason> {
    if (this.#failure !== undefined) return Effect.fail(this.#failure)
    return Effect.flatMap(readAt(this.#file, this.offset, size), (bytes) => {
      const atEnd = bytes.length < size
      const last = bytes.lastIndexOf(newline)
      if (last < 0 && !atEnd) {
        return size < longest
          ? this.#read(Math.min(size * 4, longest))
          : Effect.fail(new Corrupt({ seq: this.chain.next, description: "a line is longer than any append" }))
      }
      const lines = this.#take(bytes, last, atEnd)
      return this.#failure !== undefined && lines.length === 0
        ? Effect.fail(this.#failure)
        : Effect.succeed({ lines, ended: atEnd && this.#failure === undefined })
    })
  }

  #take(bytes: Uint8Array, last: number, atEnd: boolean): ReadonlyArray<Line> {
    const lines: Array<Line> = []
    let start = 0
    while (start <= last && this.#failure === undefined) {
      const end = bytes.indexOf(newline, start)
      const body = bytes.subarray(start, end)
      const line = body.length === 0 ? undefined : lineOf(body)
      if (line !== undefined && Result.isFailure(line)) {
        // After a power cut a file may have its length but not its bytes, so zeros at the end are a torn line.
        if (end === last && atEnd && body.includes(0)) break
        if (line.failure._tag === "Corrupt") this.#damaged = line.failure
        else this.#failure = line.failure
      } else if (line !== undefined) this.#fold(line.success, lines)
      start = end + 1
    }
    this.offset += start
    this.rest = bytes.length - start
    if (atEnd && this.#damaged !== undefined) this.#failure ??= this.#corrupt(this.#damaged.description)
    return lines
  }

  #fold(line: Line, lines: Array<Line>): void {
    const verdict = this.chain.take(line)
    if (verdict === "gap") this.#failure = this.#corrupt(this.#damaged?.description ?? "lines are missing here")
    if (verdict !== "taken") return
    this.#damaged = undefined
    lines.push(line)
  }

  #corrupt(description: string): Corrupt {
    return new Corrupt({ seq: this.chain.next, description })
  }
}
