/**
 * The append-only record of a run: each step is written before the next one begins, and all of them can be read again
 * after the process has died.
 *
 * A run has one writer at a time. `create` and `resume` make this fiber's scope that writer; `append` writes several
 * records whole or not at all, and what it has acknowledged is not lost. Everybody may `read` or `follow` a run.
 *
 * In memory and in files a second writer fails with `Busy` at once, and the run is free the moment its writer dies. In
 * Redis and SQL there is no such lock: there `resume` takes the run over, and the former writer fails with `TakenOver`
 * at its next append, however long it slept. No rule depends on how old a writer or a lock is.
 *
 * ```ts
 * import * as Journal from "effect-gemini-journal/Journal"
 * import * as Records from "effect-gemini-journal/Records"
 * import { Effect, Schema, Stream } from "effect"
 *
 * const acts = Records.make({ name: "acme/Act", version: 1, schema: Schema.Struct({ act: Schema.String }) })
 *
 * const program = Effect.gen(function*() {
 *   const journal = yield* Journal.Journal
 *   const run = yield* journal.create(acts, "story-1")
 *   yield* run.append([{ act: "draft" }, { act: "critique" }])
 *   return yield* Stream.runCollect(journal.read(acts, "story-1"))
 * })
 *
 * const entries = await program.pipe(Effect.scoped, Effect.provide(Journal.layerMemory()), Effect.runPromise)
 * console.log(entries.map((entry) => entry._tag)) // [ "Started", "Recorded", "Recorded" ]
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Digest from "effect/crypto/Digest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Entry, Head, Writer } from "./Entry.ts"
import { errorOf, refused, toError } from "./internal/failure.ts"
import { idProblem, isDigest } from "./internal/id.ts"
import { listed } from "./internal/listing.ts"
import * as Memory from "./internal/memoryStore.ts"
import { prune } from "./internal/prune.ts"
import { entries } from "./internal/reading.ts"
import { open } from "./internal/run.ts"
import type { JournalError } from "./JournalError.ts"
import { Corrupt, Invalid, NotFound } from "./JournalErrorReason.ts"
import type { JournalStore } from "./JournalStore.ts"
import type { Records } from "./Records.ts"

/**
 * A run that this scope may write. It is closed with the scope.
 *
 * @category models
 * @since 0.1.0
 */
export interface Run<in out A> {
  readonly id: string
  readonly writer: Writer
  /** The sequence number that comes next. After `resume`, everything to read is before it. */
  readonly next: number
  /** The state given last, by this writer or an earlier one. */
  readonly state: string | undefined
  /**
   * Writes all of `records` or none of them, and returns the sequence number of the first. Concurrent calls are
   * written one after the other, in the order in which they came.
   *
   * With `seq` the call fails with WrongSequence unless that is the next number. `state` is the owner's word for where
   * the run stands, such as `waiting` or `finished`, which lists show and `prune` can ask for.
   *
   * A store that does not answer is asked three times. If the call fails all the same with Unavailable, or is
   * interrupted, only the same records can follow it: whether they were written is then settled, and they are not
   * written twice.
   */
  readonly append: (
    records: ReadonlyArray<A>,
    options?: { readonly seq?: number | undefined; readonly state?: string | undefined }
  ) => Effect.Effect<number, JournalError>
  /**
   * Keeps bytes beside the journal, and returns their SHA-256 in hex by which a record can name them. The same bytes are
   * kept once. They go when the run is removed.
   */
  readonly putBlob: (bytes: Uint8Array) => Effect.Effect<string, JournalError>
}

/**
 * One run of a list. If the run cannot be read, because it is damaged or not safe to open, `head` says why, and the list
 * goes on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Listed {
  readonly id: string
  readonly head: Result.Result<Head, JournalError>
}

/**
 * Which runs `prune` removes: those that fulfil all the conditions given here. At least one of `olderThan`, `states`
 * and `keepBytes` is needed.
 *
 * @category options
 * @since 0.1.0
 */
export interface PruneOptions {
  /** Only runs whose last append is at least this long ago. */
  readonly olderThan?: Duration.Input | undefined
  /** Only runs whose state is one of these; `undefined` stands for runs that never gave one. */
  readonly states?: ReadonlyArray<string | undefined> | undefined
  /**
   * Of the runs that fulfil the rest, those written longest ago go, until all runs together have no more bytes than
   * this.
   */
  readonly keepBytes?: number | undefined
  /** Only runs whose id begins with this. Only they count for `keepBytes`. */
  readonly prefix?: string | undefined
  /** Whether the runs are removed. Default false: the result only tells which ones would be. */
  readonly apply?: boolean | undefined
}

/**
 * What `prune` did, or would do.
 *
 * @category models
 * @since 0.1.0
 */
export interface Pruned {
  readonly applied: boolean
  /** The runs that were removed, or would be; the one written longest ago first. */
  readonly runs: ReadonlyArray<Head>
  readonly bytes: number
  /** Runs that should go but stayed, because a process holds them or they were written meanwhile. */
  readonly kept: ReadonlyArray<Head>
  /** The ids of runs that cannot be read, so nothing could be decided about them. */
  readonly unreadable: ReadonlyArray<string>
}

/**
 * The service that opens, reads, lists and removes runs. `layerMemory` provides it for one process,
 * `FileJournal.layer` for one machine.
 *
 * @category services
 * @since 0.1.0
 */
export class Journal extends Context.Service<Journal, {
  /** Begins a run. Fails with Exists if there is one of this id. */
  readonly create: <A>(records: Records<A>, id: string) => Effect.Effect<Run<A>, JournalError, Scope.Scope>
  /**
   * Goes on with a run as its only writer from here on. Fails with Busy if another process has it, with NotFound if
   * there is none.
   */
  readonly resume: <A>(records: Records<A>, id: string) => Effect.Effect<Run<A>, JournalError, Scope.Scope>
  /** The entries from the sequence number `from` (default 0) to where the run ends now. */
  readonly read: <A>(records: Records<A>, id: string, from?: number) => Stream.Stream<Entry<A>, JournalError>
  /**
   * The entries from `from`, and then each one as it is written, by whatever process. Does not end by itself; fails with
   * NotFound when the run is removed.
   */
  readonly follow: <A>(records: Records<A>, id: string, from?: number) => Stream.Stream<Entry<A>, JournalError>
  readonly head: (id: string) => Effect.Effect<Head, JournalError>
  /** Runs whose id begins with `prefix`, sorted by id. A hundred ids are read at a time. */
  readonly list: (prefix?: string) => Stream.Stream<Listed, JournalError>
  /** Removes a run and its blobs for good. Fails with Busy if a living process is known to hold it. */
  readonly remove: (id: string) => Effect.Effect<void, JournalError>
  readonly prune: (options: PruneOptions) => Effect.Effect<Pruned, JournalError>
  /** The bytes to a digest that `putBlob` returned. Fails with Corrupt if they do not match it. */
  readonly getBlob: (id: string, digest: string) => Effect.Effect<Uint8Array, JournalError>
}>()("effect-gemini-journal/Journal") {}

/**
 * Bounds, in bytes as stored unless said otherwise. Reading is bounded too: at most a megabyte of lines, or one append,
 * is in memory at once.
 *
 * @category options
 * @since 0.1.0
 */
export interface Limits {
  /** The largest record. Default 1 MiB: larger things belong into blobs. */
  readonly record?: number | undefined
  /** The largest append. Default 8 MiB; 64 MiB at most. */
  readonly append?: number | undefined
  /** How many records one append may have. Default 1,000. */
  readonly records?: number | undefined
  /** The largest blob. Default 64 MiB. */
  readonly blob?: number | undefined
}

/**
 * The limits of what is written, and how secrets are taken out of it.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly limits?: Limits | undefined
  /**
   * Changes a record before it is written: it gets the record's JSON and returns what may be kept. The result must
   * still fit the record's schema, or nothing is written. If it throws, the append is refused.
   */
  readonly redact?: ((record: Schema.Json) => Schema.Json) | undefined
  /** Changes the bytes of a blob before they are kept; the digest is that of the bytes it returns. */
  readonly redactBlob?: ((bytes: Uint8Array) => Uint8Array) | undefined
}

/**
 * The service over any store, such as one of your own.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  store: JournalStore,
  options: Options = {}
): Effect.fn.Return<Journal["Service"]> {
  const { digestHex } = yield* Effect.provide(Digest.Digest, Digest.layerWebCrypto)
  const sha256 = (bytes: Uint8Array) => digestHex(Digest.sha256, bytes)

  const checked = <A, R>(method: string, id: string, effect: Effect.Effect<A, JournalError, R>) => {
    const problem = idProblem(id)
    return problem === undefined ? effect : refused(method, undefined, problem)
  }

  const reading = <A>(method: "read" | "follow", records: Records<A>, id: string, from: number) => {
    const problem = idProblem(id) ??
      (Number.isSafeInteger(from) && from >= 0
        ? undefined
        : new Invalid({ path: "from", description: "a sequence number is a whole number from 0" }))
    return problem === undefined
      ? entries(store, method, records, id, from)
      : Stream.fromEffect(refused(method, undefined, problem))
  }

  const head = (id: string) => checked("head", id, toError("head", id)(store.head(id)))
  const list = (prefix = "") =>
    Stream.paginate(
      "",
      (after: string) =>
        Effect.map(toError("list")(listed(store, prefix, after)), ({ after, found }) => [
          found.map(({ head, id }) => ({ id, head: Result.mapError(head, (reason) => errorOf("head", id, reason)) })),
          Option.fromUndefinedOr(after)
        ])
    )

  return Journal.of({
    create: (records, id) => checked("create", id, open(store, "create", records, id, options, sha256)),
    resume: (records, id) => checked("resume", id, open(store, "resume", records, id, options, sha256)),
    read: (records, id, from = 0) => reading("read", records, id, from),
    follow: (records, id, from = 0) => reading("follow", records, id, from),
    head,
    list,
    remove: (id) => checked("remove", id, toError("remove", id)(store.remove(id))),
    prune: (wanted) => prune(store, wanted),
    getBlob: (id, digest) =>
      checked(
        "getBlob",
        id,
        isDigest(digest)
          ? toError("getBlob", id)(Effect.flatMap(store.getBlob(id, digest), (bytes) =>
            Effect.flatMap(sha256(bytes), (found) =>
              found === digest
                ? Effect.succeed(bytes)
                : Effect.fail(new Corrupt({ description: `the blob ${digest} is damaged` })))))
          : refused("getBlob", id, new NotFound({ what: "blob" }))
      )
  })
})

/**
 * Journals in the memory of this process: for tests, and for runs that need not outlive it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options: Options = {}): Layer.Layer<Journal> =>
  Layer.effect(Journal, Effect.suspend(() => make(Memory.make(), options)))
