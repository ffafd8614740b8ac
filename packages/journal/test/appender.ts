/**
 * A process that appends without pause, and says on stdout what was acknowledged: `open`, `ack TEXT`, and at last the tag
 * of the reason why it could not go on. `node appender.ts '{ "place": …, "id": …, "name": …, "sizes": [ … ] }'`
 */
import * as Effect from "effect/Effect"
import { writeSync } from "node:fs"
import * as Journal from "../src/Journal.ts"
import { notes } from "./notes.ts"
import { type Place, storeOf } from "./place.ts"

export interface Job {
  readonly place: Place
  readonly id: string
  readonly name: string
  /** Characters of the records, over and over. */
  readonly sizes: ReadonlyArray<number>
}

const job: Job = JSON.parse(process.argv[2] ?? "{}")

const say = (text: string): void => void writeSync(1, `${text}\n`)

const program = Effect.gen(function*() {
  const journal = yield* Journal.make(yield* storeOf(job.place))
  const run = yield* journal.create(notes, job.id).pipe(
    Effect.catchReason("JournalError", "Exists", () => journal.resume(notes, job.id))
  )
  say("open")
  for (let n = 0;; n++) {
    const text = `${job.name}-${n}`
    // Two records, of which never one alone may be there.
    yield* run.append([
      { text: `${text}a${"x".repeat(job.sizes[n % job.sizes.length] ?? 0)}` },
      { text: `${text}b` }
    ])
    say(`ack ${text}`)
  }
}).pipe(
  Effect.scoped,
  Effect.catch((error: unknown) =>
    Effect.sync(() => say(error instanceof Error && "reason" in error ? reasonTag(error.reason) : String(error)))
  )
)

const reasonTag = (reason: unknown): string =>
  typeof reason === "object" && reason !== null && "_tag" in reason ? String(reason._tag) : "?"

await Effect.runPromise(program)
