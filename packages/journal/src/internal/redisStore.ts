/** Journals in Redis: every decision is one script, so an append is there whole or not at all. */
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import { Redis, type RedisError } from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import {
  Corrupt,
  Exists,
  type JournalErrorReason,
  NotFound,
  TakenOver,
  Unavailable,
  WrongSequence
} from "../JournalErrorReason.ts"
import type { End, JournalStore, Line, StoreReader } from "../JournalStore.ts"
import * as Bell from "./bell.ts"
import { reasonOf } from "./code.ts"
import { begun, parseAll, whoIs, writerOf } from "./line.ts"
import * as Scripts from "./redisScripts.ts"
import { byteLength } from "./runtime.ts"
import { within } from "./within.ts"

export interface Settings {
  readonly prefix: string
  /** Milliseconds. */
  readonly timeout: number
  readonly poll: number
}

const noRun = new NotFound({ what: "run" })
const page = 1_048_576

const endFrom = (next: string | null | undefined, state: string | null | undefined): End => ({
  next: Number(next ?? 0),
  ...(state === null || state === undefined || state === "" ? {} : { state })
})

export const make = Effect.fnUntraced(function*(
  { poll, prefix, timeout }: Settings
): Effect.fn.Return<JournalStore, never, Redis | Scope.Scope> {
  const redis = yield* Redis
  const channel = `${prefix}changes`
  const ids = `${prefix}ids`
  const bell = yield* Bell.make({
    poll,
    listen: (ring) =>
      Effect.flatMap(
        redis.subscribe(channel),
        (queue) => Effect.forever(Effect.map(Queue.take(queue), ({ message }) => ring(message)))
      )
  })
  const keysOf = (id: string): Scripts.Keys => ({
    head: `${prefix}{${id}}:head`,
    log: `${prefix}{${id}}:log`,
    blobs: `${prefix}{${id}}:blobs`,
    channel,
    id
  })

  const asked = <A>(effect: Effect.Effect<A, RedisError>): Effect.Effect<A, JournalErrorReason> =>
    within(Effect.mapError(effect, reasonOf), timeout, () => new Unavailable({ code: "TIMEOUT" }))

  const append = (id: string, kind: "create" | "resume" | "append", line: Line, text: string) =>
    asked(redis.eval(Scripts.append)(keysOf(id), kind, line, text, byteLength(text)))

  const judged = (reply: ReadonlyArray<string>, line: Line): Effect.Effect<void, JournalErrorReason> => {
    switch (reply[0]) {
      case "written":
      case "known":
        return Effect.void
      case "missing":
        return Effect.fail(noRun)
      case "exists":
        return Effect.fail(new Exists())
      case "taken":
        return Effect.fail(new TakenOver(whoIs(reply[1])))
      default:
        return Effect.fail(new WrongSequence({ expected: Number(reply[1]), given: line.seq }))
    }
  }

  const open: JournalStore["open"] = Effect.fnUntraced(function*(id, mode, opening) {
    const { head } = keysOf(id)
    let end: End = { next: 0 }
    if (mode === "resume") {
      const [next, state] = yield* asked(
        redis.send<ReadonlyArray<string | null>>("HMGET", head, "next", "state")
      )
      if (next === null || next === undefined) return yield* noRun
      end = endFrom(next, state)
    } else yield* asked(redis.send("ZADD", ids, "0", id)) // The id comes first, so that no run is missing in the list.
    while (true) {
      const [line, text] = opening(end)
      const reply = yield* append(id, mode, line, text)
      if (mode === "resume" && reply[0] === "moved") {
        // Another writer wrote in between, so this opening follows its line.
        end = endFrom(reply[1], reply[2])
        continue
      }
      yield* judged(reply, line)
      return {
        end: { ...end, next: end.next + 1 },
        append: (line, text) => Effect.flatMap(append(id, "append", line, text), (reply) => judged(reply, line))
      }
    }
  })

  const read: JournalStore["read"] = Effect.fnUntraced(function*(id, from) {
    const keys = keysOf(id)
    let start: { readonly from: number } | { readonly after: string } = { from }
    let run: string | undefined
    const pull: StoreReader["pull"] = Effect.suspend(() =>
      Effect.flatMap(asked(redis.eval(Scripts.read)(keys, start, page)), (
        [mark, ...texts]
      ): Effect.Effect<ReadonlyArray<Line>, JournalErrorReason> => {
        // The run was removed, and another one of its id may be there.
        if (mark === undefined || (run !== undefined && run !== mark)) return Effect.fail(noRun)
        run = mark
        return Effect.map(parseAll(texts), (lines) => {
          const last = lines.at(-1)
          if (last !== undefined) start = { after: Scripts.streamId(last.seq) }
          return lines
        })
      })
    )
    return { pull: yield* begun(pull), wait: yield* bell.waiting(id) }
  })

  return {
    open,
    read,
    list: (prefix, after, limit) =>
      asked(redis.send<ReadonlyArray<string>>(
        "ZRANGEBYLEX",
        ids,
        after >= prefix && after !== "" ? `(${after}` : `[${prefix}`,
        prefix === "" ? "+" : `(${prefix}\uffff`,
        "LIMIT",
        "0",
        String(limit)
      )),
    head: (id) =>
      Effect.flatMap(
        asked(redis.send<ReadonlyArray<string | null>>(
          "HMGET",
          keysOf(id).head,
          "next",
          "state",
          "created",
          "at",
          "bytes",
          "by"
        )),
        ([next, state, created, at, bytes, by]) =>
          next === null || next === undefined ? Effect.fail(noRun) : Effect.succeed({
            id,
            ...endFrom(next, state),
            createdAt: Number(created),
            updatedAt: Number(at),
            bytes: Number(bytes),
            writer: writerOf(by ?? "")
          })
      ),
    remove: (id, next) =>
      Effect.flatMap(asked(redis.eval(Scripts.remove)(keysOf(id), next)), (reply) => {
        if (reply !== "missing" && reply !== "removed") {
          return Effect.fail(new WrongSequence({ expected: Number(reply), given: next ?? 0 }))
        }
        const listed = Effect.asVoid(asked(redis.send("ZREM", ids, id)))
        return reply === "removed" ? listed : Effect.andThen(listed, Effect.fail(noRun))
      }),
    putBlob: (id, digest, bytes) =>
      Effect.flatMap(
        asked(redis.eval(Scripts.putBlob)(keysOf(id), digest, Base64.encode(bytes), bytes.length)),
        (there) => there === 1 ? Effect.void : Effect.fail(noRun)
      ),
    getBlob: (id, digest) =>
      Effect.flatMap(asked(redis.send<string | null>("HGET", keysOf(id).blobs, digest)), (
        base64
      ): Effect.Effect<Uint8Array, JournalErrorReason> => {
        if (base64 === null) return Effect.fail(new NotFound({ what: "blob" }))
        const bytes = Base64.decode(base64)
        return Result.isSuccess(bytes)
          ? Effect.succeed(bytes.success)
          : Effect.fail(new Corrupt({ description: `the blob ${digest} is not valid base64` }))
      })
  }
})
