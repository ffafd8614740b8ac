/**
 * A run that is open for writing: its bounds, redaction and sequence numbers, and what happens when a reply is lost.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type * as Journal from "../Journal.ts"
import type { JournalError } from "../JournalError.ts"
import { Closed, Invalid, type JournalErrorReason, TooLarge, Unsettled, WrongSequence } from "../JournalErrorReason.ts"
import type { JournalStore, Line, StoreWriter } from "../JournalStore.ts"
import type { Records } from "../Records.ts"
import { toError } from "./failure.ts"
import { endOf, print, writerId, writerOf } from "./line.ts"
import { byteLength, pid } from "./runtime.ts"

const MiB = 1_048_576

/** No append may be larger, whatever the options say: readers rely on it. */
export const largestAppend = 64 * MiB

/** The text's size in bytes if that is above `limit`: a letter has at most three, so most texts need not be measured. */
const sizeAbove = (text: string, limit: number): number | undefined => {
  if (text.length * 3 <= limit) return undefined
  const size = byteLength(text)
  return size > limit ? size : undefined
}

const isJson = Schema.is(Schema.Json)

const isUnavailable = (reason: JournalErrorReason): boolean => reason._tag === "Unavailable" && reason.isRetryable

/** When a store that did not answer is asked again, with the same line. */
const waits = [50, 200]

/** The schedule of a retry costs as much as an append in memory, so there is none until something failed. */
const persistent = <A>(
  ask: Effect.Effect<A, JournalErrorReason>,
  attempt = 0
): Effect.Effect<A, JournalErrorReason> =>
  Effect.catchIf(ask, isUnavailable, (reason) => {
    const wait = waits[attempt]
    return wait === undefined ? Effect.fail(reason) : Effect.delay(persistent(ask, attempt + 1), wait)
  })

interface PendingAppend {
  readonly line: Line
  readonly text: string
  /** The text of state and records, by which an append is known as the same one again. */
  readonly body: string
}

class OpenRun<A> implements Journal.Run<A> {
  readonly id: string
  readonly writer
  readonly #records: Records<A>
  readonly #options: Journal.Options
  readonly #store: JournalStore
  readonly #turn = Semaphore.makeUnsafe(1)
  readonly #to: StoreWriter
  readonly #sha256: (bytes: Uint8Array) => Effect.Effect<string>
  /** The append that was sent and not answered. */
  #pending: PendingAppend | undefined = undefined
  #next: number
  #state: string | undefined
  #closed = false

  constructor(
    id: string,
    by: string,
    records: Records<A>,
    options: Journal.Options,
    store: JournalStore,
    to: StoreWriter,
    sha256: (bytes: Uint8Array) => Effect.Effect<string>
  ) {
    this.id = id
    this.writer = writerOf(by)
    this.#records = records
    this.#options = options
    this.#store = store
    this.#to = to
    this.#sha256 = sha256
    this.#next = to.end.next
    this.#state = to.end.state
  }

  get next(): number {
    return this.#next
  }

  get state(): string | undefined {
    return this.#state
  }

  close(): void {
    this.#closed = true
  }

  append(
    records: ReadonlyArray<A>,
    options: { readonly seq?: number | undefined; readonly state?: string | undefined } = {}
  ): Effect.Effect<number, JournalError> {
    return toError("append", this.id)(
      this.#turn.withPermits(1)(Effect.clockWith((clock) => {
        if (this.#closed) return Effect.fail(new Closed())
        const { seq, state = this.#state } = options
        if (seq !== undefined && seq !== this.#next) {
          return Effect.fail(new WrongSequence({ expected: this.#next, given: seq }))
        }
        if (options.state !== undefined && !/^[\w.-]{1,64}$/.test(options.state)) {
          return Effect.fail(new Invalid({ path: "state", description: "use 1 to 64 letters, digits and . _ -" }))
        }
        const texts = this.#encode(records)
        if (Result.isFailure(texts)) return Effect.fail(texts.failure)
        const body = `${state ?? ""}:${texts.success.join()}`
        if (this.#pending !== undefined) {
          return this.#pending.body === body
            ? this.#send(this.#pending)
            : Effect.fail(new Unsettled({ seq: this.#pending.line.seq }))
        }
        const line: Line = {
          seq: this.#next,
          at: clock.currentTimeMillisUnsafe(),
          by: this.writer.id,
          opened: false,
          ...(state === undefined ? {} : { state }),
          of: this.#records.name,
          version: this.#records.version,
          records
        }
        const text = print(line, texts.success)
        const limit = Math.min(this.#options.limits?.append ?? 8 * MiB, largestAppend)
        const size = sizeAbove(text, limit)
        return size === undefined
          ? this.#send({ line, text, body })
          : Effect.fail(new TooLarge({ what: "append", size, limit }))
      }))
    )
  }

  #send(attempt: PendingAppend): Effect.Effect<number, JournalErrorReason> {
    const { line, text } = attempt
    this.#pending = attempt
    return Effect.as(
      Effect.onExitPrimitive(persistent(this.#to.append(line, text)), (exit) => {
        if (Exit.isSuccess(exit)) {
          this.#next = endOf(line)
          this.#state = line.state
        }
        // Any other refusal says that nothing was written.
        if (
          Exit.isSuccess(exit) || exit.cause.reasons.every((r) => r._tag === "Fail" && r.error._tag !== "Unavailable")
        ) {
          this.#pending = undefined
        }
        return undefined
      }),
      line.seq
    )
  }

  #encode(records: ReadonlyArray<A>): Result.Result<ReadonlyArray<string>, JournalErrorReason> {
    const limits = this.#options.limits
    const most = limits?.records ?? 1_000
    if (records.length === 0) return Result.fail(new Invalid({ path: "records", description: "there is none" }))
    if (records.length > most) {
      return Result.fail(new TooLarge({ what: "records", size: records.length, limit: most }))
    }
    const limit = limits?.record ?? MiB
    const texts: Array<string> = []
    for (const [index, record] of records.entries()) {
      const json = this.#records.encode(record, `records[${index}]`)
      const { redact } = this.#options
      const value = redact === undefined ? json : Result.flatMap(json, (json) => this.#redacted(json, redact, index))
      if (Result.isFailure(value)) return Result.fail(value.failure)
      const text = JSON.stringify(value.success)
      const size = sizeAbove(text, limit)
      if (size !== undefined) return Result.fail(new TooLarge({ what: "record", size, limit }))
      texts.push(text)
    }
    return Result.succeed(texts)
  }

  #redacted(
    json: unknown,
    redact: NonNullable<Journal.Options["redact"]>,
    index: number
  ): Result.Result<unknown, Invalid> {
    const path = `records[${index}]`
    if (!isJson(json)) return Result.fail(new Invalid({ path, description: "it is not JSON" }))
    let kept: unknown
    try {
      kept = redact(json)
    } catch {
      // The thrown error stays behind: its message may quote what had to be redacted.
      return Result.fail(new Invalid({ path, description: "`redact` threw" }))
    }
    if (!isJson(kept)) return Result.fail(new Invalid({ path, description: "`redact` returned what is not JSON" }))
    const { name, version } = this.#records
    return Result.isSuccess(this.#records.decode(name, version, kept, 0))
      ? Result.succeed(kept)
      : Result.fail(new Invalid({ path, description: "after `redact` it no longer fits its schema" }))
  }

  putBlob(bytes: Uint8Array): Effect.Effect<string, JournalError> {
    return toError("putBlob", this.id)(Effect.suspend((): Effect.Effect<string, JournalErrorReason> => {
      if (this.#closed) return Effect.fail(new Closed())
      const { limits, redactBlob } = this.#options
      let kept = bytes
      try {
        kept = redactBlob?.(bytes) ?? bytes
      } catch {
        return Effect.fail(new Invalid({ path: "bytes", description: "`redactBlob` threw" }))
      }
      const limit = limits?.blob ?? 64 * MiB
      if (kept.length > limit) return Effect.fail(new TooLarge({ what: "blob", size: kept.length, limit }))
      return Effect.tap(
        this.#sha256(kept),
        (digest) => persistent(this.#store.putBlob(this.id, digest, kept))
      )
    }))
  }
}

/** If the effect fails, what it had acquired, such as the lock, is released at once and not with the caller's scope. */
const whole = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A, E, Scope.Scope> =>
  Effect.flatMap(
    Effect.scope,
    (outer) =>
      Effect.flatMap(Scope.fork(outer), (scope) =>
        Effect.onError(Scope.provide(effect, scope), (cause) => Scope.close(scope, Exit.failCause(cause))))
  )

export const open = <A>(
  store: JournalStore,
  mode: "create" | "resume",
  records: Records<A>,
  id: string,
  options: Journal.Options,
  sha256: (bytes: Uint8Array) => Effect.Effect<string>
): Effect.Effect<Journal.Run<A>, JournalError, Scope.Scope> =>
  toError(mode, id)(whole(Effect.gen(function*() {
    for (const [name, limit] of Object.entries(options.limits ?? {})) {
      if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
        return yield* new Invalid({ path: `limits.${name}`, description: "a limit is a whole number above 0" })
      }
    }
    const at = yield* Clock.currentTimeMillis
    const by = writerId(pid(), at, yield* Random.nextIntBetween(0, 2 ** 48))
    const writer = yield* store.open(id, mode, ({ next, state }) => {
      const line: Line = { seq: next, at, by, opened: true, ...(state === undefined ? {} : { state }), records: [] }
      return [line, print(line, [])]
    })
    const run = new OpenRun(id, by, records, options, store, writer, sha256)
    yield* Effect.addFinalizer(() => Effect.sync(() => run.close()))
    return run
  })))
