/**
 * A cassette's file. Lines are only ever added, each in one write when its exchange has ended, so a process that is
 * killed loses what was open and nothing else. A last line that was torn is left out, and the next one begins after it.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import { basename, join, resolve } from "node:path"
import { CassetteError } from "../../cassettes/CassetteError.ts"
import * as Recording from "../../cassettes/Recording.ts"
import * as RecordedCases from "./recordedCases.ts"

/** A piece of so many bytes or more lies in a file of its own, so that a diff of the cassette stays readable. */
const apart = 64 * 1024

/** A larger cassette is refused instead of read into memory. */
const largest = 1024 * 1024 * 1024

const decodeHead = Schema.decodeUnknownResult(Schema.fromJsonString(Recording.Head))
const decodeExchange = Schema.decodeUnknownResult(Schema.fromJsonString(Recording.Recording))

export interface TapeContent {
  readonly exchanges: ReadonlyArray<Recording.Recording>
  /** The number of the line of each; of a folder of cases the number of the case. */
  readonly lines: ReadonlyArray<number>
  /** The number of the line that was torn at the end of the file. */
  readonly torn?: number
  readonly bytes: number
  /** Whether they come from a folder of cases, whose secrets nobody has taken out by our rules. */
  readonly isImported?: boolean
}

const reason = (error: unknown): string => error instanceof Error ? error.message : String(error)

const blobs = (file: string): string => `${file}.blobs`

/** The size of the pieces beside a cassette. */
const besideIt = (file: string): number => {
  if (Fs.statSync(blobs(file), { throwIfNoEntry: false })?.isDirectory() !== true) return 0
  let size = 0
  for (const entry of Fs.readdirSync(blobs(file), { withFileTypes: true })) {
    if (entry.isFile()) size += Fs.statSync(join(blobs(file), entry.name)).size
  }
  return size
}

const isRegular = (file: string): boolean => {
  const about = Fs.statSync(file)
  return about.isFile()
}

/** As much of a file is looked at as the head of a cassette may have. */
const longestHead = 4096

/** Whether there is a file with something in it that does not begin as a cassette. */
const holdsSomethingElse = (file: string): boolean => {
  if (!Fs.existsSync(file)) return false
  const handle = Fs.openSync(file, "r")
  try {
    const bytes = Buffer.alloc(longestHead)
    const size = Fs.readSync(handle, bytes, 0, longestHead, 0)
    const [first = ""] = bytes.subarray(0, size).toString("utf8").split("\n")
    return size > 0 && Result.isFailure(decodeHead(first))
  } finally {
    Fs.closeSync(handle)
  }
}

/** The exchanges of a cassette. Throws a CassetteError that names the line. */
export const read = (file: string): TapeContent => {
  if (Fs.existsSync(file) && Fs.statSync(file).isDirectory()) {
    const cases = RecordedCases.read(file)
    return { exchanges: cases, lines: cases.map(({ n }) => n), bytes: 0, isImported: true }
  }
  let text: string
  try {
    if (!isRegular(file)) throw new Error("it is not a regular file")
    const { size } = Fs.statSync(file)
    if (size > largest) throw new Error(`it has ${size} bytes, more than the ${largest} that are read`)
    text = Fs.readFileSync(file, "utf8")
  } catch (cause) {
    throw new CassetteError({ file, description: `it cannot be read: ${reason(cause)}`, cause })
  }
  const content = parse(text, file)
  return { ...content, bytes: content.bytes + besideIt(file) }
}

export const parse = (text: string, file: string): TapeContent => {
  const lines = text.split("\n")
  const isEnded = lines.at(-1) === ""
  if (isEnded) lines.pop()
  const [first = ""] = lines
  if (Result.isFailure(decodeHead(first))) {
    throw new CassetteError({
      file,
      description: `line 1 is not the head of a cassette: expected {"cassette":1,…}, found ${
        JSON.stringify(first.slice(0, 60))
      }`
    })
  }
  const exchanges: Array<Recording.Recording> = []
  const numbers: Array<number> = []
  let torn: number | undefined
  lines.forEach((line, index) => {
    if (index === 0 || line.trim() === "") return
    const decoded = decodeExchange(line)
    if (Result.isSuccess(decoded)) {
      exchanges.push(decoded.success)
      numbers.push(index + 1)
      return
    }
    const isJson = Result.isSuccess(Result.try(() => JSON.parse(line)))
    // Only a write that was cut short leaves a line that is not JSON, and it is the last one, or the one before a later start.
    if (!isJson) {
      if (index === lines.length - 1 && !isEnded) {
        torn = index + 1
        return
      }
      if (line.startsWith("{\"n\":")) return
    }
    const [, where = "it is not JSON"] = isJson ? ["", String(decoded.failure.message).split("\n").join("; ")] : []
    throw new CassetteError({ file, description: `line ${index + 1} is not an exchange: ${where}` })
  })
  return { exchanges, lines: numbers, bytes: Buffer.byteLength(text), ...(torn === undefined ? {} : { torn }) }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const inline = (bytes: Uint8Array): Recording.Piece => {
  try {
    return decoder.decode(bytes)
  } catch {
    return { base64: Buffer.from(bytes).toString("base64") }
  }
}

/** The bytes of a piece, out of the file beside the cassette where they lie there. */
export const bytesOf = (file: string, piece: Recording.Piece): Uint8Array => {
  if (typeof piece === "string") return Buffer.from(piece)
  if ("base64" in piece) return Buffer.from(piece.base64, "base64")
  const path = join(blobs(file), piece.sha256)
  // The name comes out of the file, and must not lead anywhere else.
  if (!/^[0-9a-f]{64}$/.test(piece.sha256)) {
    throw new CassetteError({ file, description: `"${piece.sha256.slice(0, 80)}" is not a SHA-256` })
  }
  try {
    if (!isRegular(path)) throw new Error("it is not a regular file")
    const bytes = Fs.readFileSync(path)
    if (createHash("sha256").update(bytes).digest("hex") !== piece.sha256) throw new Error("it holds something else")
    return bytes
  } catch (cause) {
    throw new CassetteError({ file, description: `the piece ${path} cannot be read: ${reason(cause)}`, cause })
  }
}

export interface TapeWriter {
  /** Adds what is made of its pieces; false where there is no room for it, be it on the disk. */
  readonly add: (make: (piece: (bytes: Uint8Array) => Recording.Piece) => Recording.Recording) => boolean
  readonly close: () => void
  /** The size of the file with the pieces beside it, in bytes. */
  readonly bytes: () => number
  /** How many bytes there is room for. */
  readonly room: () => number
}

/** The files that this process writes: two writers would count and name secrets each for itself. */
const beingWritten = new Set<string>()

/** A writer behind what the file holds; with `anew` whatever it held is gone. */
export const writer = (
  file: string,
  options: { readonly anew: boolean; readonly head: Recording.Head; readonly limit: number; readonly isTorn: boolean }
): TapeWriter => {
  const place = resolve(file)
  if (beingWritten.has(place)) {
    throw new CassetteError({ file, description: "it is being recorded already, by another space of this emulator" })
  }
  let handle: number
  let isClosed = false
  let isBroken = false
  let size = 0
  try {
    if (Fs.existsSync(file) && !isRegular(file)) throw new Error("it is not a regular file")
    if (options.anew && holdsSomethingElse(file)) {
      throw new Error("it holds something else than a cassette, which would be lost")
    }
    // What was recorded may hold what nobody else on this machine should read.
    handle = Fs.openSync(file, options.anew ? "w" : "a", 0o600)
    size = Fs.fstatSync(handle).size
    const isEmpty = size === 0
    size += besideIt(file)
    if (isEmpty) write(`${JSON.stringify(options.head)}\n`)
    else if (options.isTorn) write("\n")
  } catch (cause) {
    throw new CassetteError({ file, description: `it cannot be written: ${reason(cause)}`, cause })
  }
  beingWritten.add(place)
  function write(text: string): void {
    const bytes = Buffer.from(text)
    let at = 0
    while (at < bytes.length) at += Fs.writeSync(handle, bytes, at)
    size += bytes.length
  }
  const piece = (bytes: Uint8Array): Recording.Piece => {
    if (bytes.length < apart) return inline(bytes)
    const sha256 = createHash("sha256").update(bytes).digest("hex")
    const path = join(blobs(file), sha256)
    Fs.mkdirSync(blobs(file), { recursive: true, mode: 0o700 })
    if (!Fs.existsSync(path)) {
      const draft = join(blobs(file), `.${basename(path)}.${process.pid}`)
      Fs.writeFileSync(draft, bytes, { mode: 0o600 })
      Fs.renameSync(draft, path)
      size += bytes.length
    }
    return { sha256, bytes: bytes.length }
  }
  return {
    bytes: () => size,
    room: () => Math.max(0, options.limit - size),
    add: (make) => {
      // An exchange may end after the emulator that recorded it.
      if (isClosed) return false
      try {
        const line = `${JSON.stringify(make(piece))}\n`
        if (size + Buffer.byteLength(line) > options.limit) return false
        if (isBroken) write("\n")
        isBroken = true
        write(line)
        isBroken = false
        return true
      } catch {
        // A full disk costs the recording, and never the client its answer. What was written of the line is left out by
        // whoever reads it, once the next line begins anew.
        return false
      }
    },
    close: () => {
      if (!isClosed) Fs.closeSync(handle)
      if (!isClosed) beingWritten.delete(place)
      isClosed = true
    }
  }
}
