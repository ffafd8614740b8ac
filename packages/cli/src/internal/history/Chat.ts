/**
 * One chat while it goes on: where it stands, and each step kept before the next one. A chat that is not to be kept, or
 * cannot be, is the same without files.
 */
import type * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { CommandFailed } from "../CommandFailed.ts"
import { digestOf } from "./Attachments.ts"
import { type ChatRecord, mark, records as format } from "./ChatRecord.ts"
import * as ChatState from "./ChatState.ts"
import type { ChatStore } from "./ChatStore.ts"
import { inWords } from "./findChat.ts"

type Store = ChatStore["Service"]

/** A chat's journal, which this process alone writes until the scope ends. */
interface Place {
  readonly id: string
  readonly run: Journal.Run<ChatRecord>
  readonly scope: Scope.Closeable
}

/** How many records one append may have. */
const atOnce = 500

export interface Options {
  /** Undefined: the chat is not kept. */
  readonly store: Store | undefined
  /** Says a line to the person. */
  readonly note: (line: string) => Effect.Effect<void>
}

export class Chat {
  /** Where it is kept; undefined from the moment that it cannot be. */
  #store: Store | undefined
  /** Where its attachments are read, also of a chat that cannot be kept any more. */
  readonly #shelf: Store | undefined
  readonly #note: Options["note"]
  #place: Place | undefined
  readonly #records: Array<ChatRecord>
  /** How many of the records lie in the journal. */
  #written: number
  #state: ChatState.ChatState
  /** Bytes by their digests, where no file has them. */
  readonly #held: Map<string, Uint8Array>

  private constructor(
    { note, store }: Options,
    records: ReadonlyArray<ChatRecord>,
    place: Place | undefined,
    held: ReadonlyMap<string, Uint8Array>
  ) {
    this.#store = store
    this.#shelf = store
    this.#note = note
    this.#place = place
    this.#records = [...records]
    this.#written = place === undefined ? 0 : records.length
    this.#state = ChatState.fold(records)
    this.#held = new Map(held)
  }

  /** A new one. Nothing is written of it before somebody asks. */
  static begin(options: Options): Effect.Effect<Chat> {
    return Effect.map(
      Clock.currentTimeMillis,
      (at) => new Chat(options, [{ _tag: "Began", at }], undefined, new Map())
    )
  }

  /** Goes on with one that is kept. Fails with Busy while another process has it. */
  static resume(store: Store, id: string, note: Options["note"]): Effect.Effect<Chat, JournalError> {
    return Effect.gen(function*() {
      const scope = yield* Scope.make()
      return yield* Effect.gen(function*() {
        const run = yield* Scope.provide(store.journal.resume(format, id), scope)
        return new Chat({ store, note }, yield* store.read(id), { id, run, scope }, new Map())
      }).pipe(Effect.onError(() => Scope.close(scope, Exit.void)))
    })
  }

  /** Undefined: it is not kept, or not yet. */
  get id(): string | undefined {
    return this.#store === undefined ? undefined : this.#place?.id
  }

  get isKept(): boolean {
    return this.#store !== undefined
  }

  get records(): ReadonlyArray<ChatRecord> {
    return this.#records
  }

  get state(): ChatState.ChatState {
    return this.#state
  }

  /** Keeps the records and moves the state on. That they cannot be kept is said once, and the chat goes on without. */
  append(...records: ReadonlyArray<ChatRecord>): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#records.push(...records)
      this.#state = ChatState.fold(records, this.#state)
      const isBegun = this.#place !== undefined || records.some(({ _tag }) => _tag === "Asked")
      return this.#store !== undefined && isBegun ? this.#keeping(this.#store, () => Effect.void) : Effect.void
    })
  }

  /** Keeps bytes, and returns what stands in their place. */
  keep(bytes: Uint8Array): Effect.Effect<string> {
    const digest = digestOf(bytes)
    const hold = Effect.sync(() => {
      if (this.#store === undefined) this.#held.set(digest, bytes)
    })
    return Effect.suspend(() =>
      this.#store === undefined
        ? hold
        : Effect.andThen(this.#keeping(this.#store, ({ id }, store) => store.put(id, bytes)), hold)
    ).pipe(Effect.as(`${mark}${digest}`))
  }

  /** The bytes that the text of `keep` stands for. */
  bytes(data: string): Effect.Effect<Uint8Array, CommandFailed> {
    const digest = data.slice(mark.length)
    const held = this.#held.get(digest)
    if (held !== undefined) return Effect.succeed(held)
    return this.#shelf === undefined || this.#place === undefined
      ? Effect.fail(new CommandFailed({ exitCode: 1, text: "an attachment of this chat is gone: /undo takes it back" }))
      : this.#shelf.get(this.#place.id, digest)
  }

  /** A chat that begins as this one is now, and goes on for itself. This one is closed. */
  fork(): Effect.Effect<Chat> {
    return Effect.gen({ self: this }, function*() {
      const from = this.#place?.id
      const at = yield* Clock.currentTimeMillis
      const began: ChatRecord = { _tag: "Began", at, ...(from === undefined ? {} : { from }) }
      const copy = new Chat(
        { store: this.#store, note: this.#note },
        [began, ...this.#records.filter(({ _tag }) => _tag !== "Began")],
        undefined,
        this.#held
      )
      if (this.#store !== undefined && from !== undefined) {
        yield* copy.#keeping(this.#store, ({ id }, store) => store.share(from, id))
      }
      yield* this.close
      return copy
    })
  }

  get close(): Effect.Effect<void> {
    return Effect.suspend(() => this.#place === undefined ? Effect.void : Scope.close(this.#place.scope, Exit.void))
  }

  /** Writes what is not written yet, and then what `also` says. */
  #keeping(
    store: Store,
    also: (place: Place, store: Store) => Effect.Effect<unknown, CommandFailed>
  ): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      const place = this.#place ?? (yield* this.#created(store))
      while (this.#written < this.#records.length) {
        const some = this.#records.slice(this.#written, this.#written + atOnce)
        yield* place.run.append(some)
        this.#written += some.length
      }
      yield* also(place, store)
    }).pipe(
      Effect.catch((error: JournalError | CommandFailed) => {
        this.#store = undefined
        return this.#note(
          `from here on this chat is not kept: ${
            inWords(error._tag === "JournalError" ? error.reason.message : error.message)
          }`
        )
      }),
      // What has begun to be written is written whole; it takes no time that anybody notices.
      Effect.uninterruptible
    )
  }

  #created(store: Store): Effect.Effect<Place, JournalError> {
    return Effect.gen({ self: this }, function*() {
      const id = yield* store.newId
      const scope = yield* Scope.make()
      const run = yield* Scope.provide(store.journal.create(format, id), scope).pipe(
        Effect.onError(() => Scope.close(scope, Exit.void))
      )
      return this.#place = { id, run, scope }
    })
  }
}
