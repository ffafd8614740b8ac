/**
 * Resumable uploads, as Google's front end takes them (`X-Goog-Upload-Protocol: resumable`): a start that announces, then
 * bytes at an offset, a query how far it is, a cancel, and a last command that finalizes.
 *
 * What a broken connection leaves behind counts in whole units. A command that comes while an older one is
 * still being read takes over: the older one's rest is dropped.
 */
import * as Effect from "effect/Effect"
import type { Refusal } from "../../GoogleError.ts"
import * as GoogleError from "../../GoogleError.ts"
import type { Depot, StoredBytes, Writer } from "./Depot.ts"
import type { Call, ResourceReply } from "./endpoint.ts"
import * as Ids from "./ids.ts"

/**
 * The unit of what is kept of a chunk; chunks are multiples of it, except for the last. It is what the real server said in
 * August 2026 (recorded by ruby_llm).
 */
export const standardUnit = 8_388_608

/** Milliseconds for which a session can be gone on with: a week. */
const lifetime = 7 * 86_400_000

/** The most sessions of a space; beyond it the oldest goes. */
const most = 1_000

/** What the start of an upload said. */
export interface Announced {
  /** The call of the start, with its body. */
  readonly call: Call
  /** In bytes; undefined if the client did not say. */
  readonly size: number | undefined
  readonly mimeType: string | undefined
  /** The last segment of the path of the file that is uploaded, if the client said it. */
  readonly fileName: string | undefined
}

/** What may be uploaded to: a collection or a method that makes something of bytes. */
export interface Target {
  /** The method of the start, `files.upload`; that of the other commands has the command behind it. */
  readonly method: string
  /** The path after the version. The first group is the `name` of the call. */
  readonly path: RegExp
  /** Judges the start. `pending` are the bytes that open uploads of the project have announced. */
  readonly begin: (announced: Announced, pending: number) => Refusal | undefined
  /** Makes the resource. `keep` ends the writing; its argument is called if the bytes must make room for others. */
  readonly finish: (
    announced: Announced,
    keep: (evicted: () => void) => StoredBytes,
    now: number
  ) => Extract<ResourceReply, { readonly body: unknown } | { readonly refusal: unknown }>
}

/** An upload as a test sees it. */
export interface Progress {
  readonly id: string
  readonly project: string
  readonly status: "active" | "final" | "cancelled"
  /** What the start announced. */
  readonly size: number | undefined
  /** How many bytes are kept. */
  readonly received: number
  /** How many bytes arrived, those included that were dropped and sent again. */
  readonly arrived: number
  /** How many commands carried bytes. */
  readonly chunks: number
}

interface Session extends Announced {
  readonly id: string
  readonly target: Target
  readonly writer: Writer
  readonly began: number
  status: Progress["status"]
  /** The number of the newest command. An older one that is still being read has nothing to say any more. */
  turn: number
  chunks: number
  arrived: number
  received: number
}

/** Hands over the body piece by piece, until there is none or `use` gives `false`. */
export type Pieces = (use: (piece: Uint8Array) => boolean) => Effect.Effect<void>

export interface Uploads {
  readonly accept: (target: Target) => void
  /** Which method a request to `/upload/{v}/…` means. */
  readonly route: (
    path: string,
    headers: Call["headers"],
    query: URLSearchParams
  ) => { readonly method: string; readonly name: string } | undefined
  readonly start: (call: Call) => ResourceReply
  /** Answers a command to a session. After `cutAfter` bytes of its body the connection breaks. */
  readonly command: (call: Call, pieces: Pieces, cutAfter: number | undefined) => Effect.Effect<ResourceReply>
  readonly list: () => ReadonlyArray<Progress>
  readonly clear: () => void
}

/** The commands of a session, by what the header says. */
const commands: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  "upload": "write",
  "upload, finalize": "finalize",
  "finalize": "finalize",
  "query": "query",
  "cancel": "cancel"
}))

/** Whether a method is a command to a session, which needs no key: its address is one. */
export const isCommand = (method: string): boolean => /\.upload\w*\.(?:write|finalize|query|cancel)$/.test(method)

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined

const said = (session: Session): Record<string, string> => ({
  "x-goog-upload-status": session.status,
  "x-goog-upload-size-received": String(session.received)
})

export const make = (seed: string, depot: Depot, granularity = standardUnit): Uploads => {
  const targets: Array<Target> = []
  const sessions = new Map<string, Session>()
  const nextId = Ids.maker(`${seed}\nuploads`)

  const drop = (session: Session) => {
    if (session.status === "active") session.writer.drop()
    sessions.delete(session.id)
  }

  const refused = (message: string, session?: Session, code = 400): ResourceReply => ({
    refusal: GoogleError.make(code, message),
    headers: session === undefined ? undefined : said(session)
  })

  const targetOf = (path: string) => targets.find((target) => target.path.test(path))

  const start: Uploads["start"] = (call) => {
    const { base, headers, now, version } = call
    const target = targets.find(({ method }) => method === call.method)
    if (target === undefined) return refused("Requested entity was not found.", undefined, 404)
    const given = headers["x-goog-upload-header-content-length"]
    const size = wholeNumber(given)
    if (given !== undefined && size === undefined) {
      return refused(`Invalid value in the header X-Goog-Upload-Header-Content-Length: ${given}`)
    }
    const announced: Announced = {
      call,
      size,
      mimeType: headers["x-goog-upload-header-content-type"],
      fileName: headers["x-goog-upload-file-name"]
    }
    for (const session of sessions.values()) if (now >= session.began + lifetime) drop(session)
    const pending = [...sessions.values()].reduce(
      (sum, session) =>
        session.status === "active" && session.call.project === call.project
          ? sum + (session.size ?? session.received)
          : sum,
      0
    )
    const refusal = target.begin(announced, pending)
    if (refusal !== undefined) return { refusal }
    const [oldest] = sessions.values()
    if (sessions.size >= most && oldest !== undefined) drop(oldest)
    const id = nextId(64)
    sessions.set(id, {
      ...announced,
      id,
      target,
      writer: depot.writer(),
      began: now,
      status: "active",
      turn: 0,
      chunks: 0,
      arrived: 0,
      received: 0
    })
    const path = target.method === "files.upload" ? "files" : `${call.name}:${target.method.split(".").at(-1)}`
    const url = `${base}/upload/${version}/${path}?upload_id=${id}&upload_protocol=resumable`
    return {
      empty: true,
      headers: {
        "x-goog-upload-status": "active",
        "x-goog-upload-url": url,
        "x-goog-upload-control-url": url,
        "x-goog-upload-chunk-granularity": String(granularity)
      }
    }
  }

  const finish = (session: Session, now: number): ResourceReply => {
    const { announced, target } = { announced: session, target: session.target }
    const reply = target.finish(announced, (evicted) => session.writer.finish(evicted), now)
    if ("refusal" in reply) {
      // What cannot be made anything of is not kept either.
      session.writer.drop()
      session.status = "cancelled"
      return { ...reply, headers: said(session) }
    }
    session.status = "final"
    return { ...reply, headers: said(session) }
  }

  const write = Effect.fnUntraced(function*(
    session: Session,
    call: Call,
    pieces: Pieces,
    cutAfter: number | undefined,
    isLast: boolean
  ): Effect.fn.Return<ResourceReply> {
    const { turn } = session
    session.chunks++
    const offset = call.headers["x-goog-upload-offset"]
    if (offset !== undefined && wholeNumber(offset) !== session.received) {
      return refused(`The upload offset ${offset} is not ${session.received}, up to which bytes are kept.`, session)
    }
    const { size, writer } = session
    let pending: Array<Uint8Array> = []
    let waiting = 0
    let arrived = 0
    let isCut = false
    const commit = (bytes: Uint8Array) => {
      writer.write(bytes)
      session.received += bytes.length
    }
    /** Keeps whole units; the rest waits for more. */
    const take = (piece: Uint8Array) => {
      arrived += piece.length
      session.arrived += piece.length
      waiting += piece.length
      pending.push(piece)
      if (waiting < granularity) return
      const all = Buffer.concat(pending)
      const whole = all.length - all.length % granularity
      commit(all.subarray(0, whole))
      pending = whole === all.length ? [] : [all.subarray(whole)]
      waiting = all.length - whole
    }
    const isTooMuch = () => size !== undefined && session.received + waiting > size
    yield* pieces((piece) => {
      if (session.turn !== turn) return false
      const left = cutAfter === undefined ? piece.length : cutAfter - arrived
      isCut = left < piece.length
      // What exceeds the announced length is not kept.
      const room = size === undefined ? piece.length : Math.max(0, size - session.received - waiting)
      const taken = piece.subarray(0, Math.min(left, room + 1))
      if (taken.length > 0) take(taken)
      return !isCut && !isTooMuch()
    })
    if (session.turn !== turn) return { broken: "reset" }
    if (isCut || cutAfter !== undefined && arrived >= cutAfter) return { broken: "reset" }
    if (isTooMuch()) return refused(`The upload is longer than the ${size} bytes that were announced.`, session)
    const isWhole = waiting === 0 || session.received + waiting === size
    if (!isLast && !isWhole) {
      return refused(`A chunk must be a multiple of ${granularity} bytes, except for the last one.`, session)
    }
    if (waiting > 0) commit(Buffer.concat(pending))
    if (!isLast) return { empty: true, headers: said(session) }
    if (size !== undefined && session.received !== size) {
      return refused(`${session.received} bytes were sent, and ${size} were announced.`, session)
    }
    return finish(session, call.now)
  })

  return {
    accept: (target) => {
      targets.push(target)
    },
    route: (path, headers, query) => {
      const target = targetOf(path)
      if (target === undefined) return undefined
      const name = target.path.exec(path)?.[1] ?? ""
      const command = (headers["x-goog-upload-command"] ?? "").toLowerCase().split(",").map((it) => it.trim()).join(
        ", "
      )
      if (query.get("upload_id") === null) return command === "start" ? { method: target.method, name } : undefined
      const known = commands.get(command)
      return known === undefined ? undefined : { method: `${target.method}.${known}`, name }
    },
    start,
    command: (call, pieces, cutAfter) =>
      Effect.suspend((): Effect.Effect<ResourceReply> => {
        const session = sessions.get(call.query.get("upload_id") ?? "")
        if (session === undefined || call.now >= session.began + lifetime) {
          return Effect.succeed(refused("Upload not found.", undefined, 404))
        }
        const command = call.method.split(".").at(-1)
        // Whoever asks has lost the connection of the last command.
        session.turn++
        if (command === "query") return Effect.succeed({ empty: true, headers: said(session) })
        if (session.status !== "active") {
          return Effect.succeed(refused(`The upload is ${session.status} already.`, session, 410))
        }
        if (command === "cancel") {
          session.writer.drop()
          session.status = "cancelled"
          return Effect.succeed({ empty: true, headers: said(session) })
        }
        return write(session, call, pieces, cutAfter, command === "finalize")
      }),
    list: () =>
      [...sessions.values()].map(({ arrived, call, chunks, id, received, size, status }) => ({
        id,
        project: call.project,
        status,
        size,
        received,
        arrived,
        chunks
      })),
    clear: () => {
      for (const session of sessions.values()) drop(session)
    }
  }
}
