// What the tests of each room saw when they were last judged: `pnpm mutate ROOM --record` writes it, `--scores` prints
// it, and `--changed` measures changed lines by it.
import * as Schema from "effect/Schema"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Room } from "./rooms.ts"

const RoomScore = Schema.Struct({
  killed: Schema.Finite,
  survived: Schema.Finite,
  equivalent: Schema.Finite,
  /** The mutants that the room has; where more are there than were judged, the score is a sample's. */
  there: Schema.Finite,
  seed: Schema.Finite,
  /** The day on which the score was taken. */
  day: Schema.String,
  /** How long the tests take before the first mutant is planted, in seconds. */
  firstRun: Schema.Finite,
  /** What no test saw: place, kind, what stood there and what was put in its place. */
  survivors: Schema.Array(Schema.String)
})

/** The score of one room. */
export type RoomScore = typeof RoomScore.Type

const Recorded = Schema.Struct({
  /** The commit since which changed lines are judged. */
  since: Schema.String,
  rooms: Schema.Record(Schema.String, RoomScore)
})

/** The scores of all rooms. */
export type Recorded = typeof Recorded.Type

const place = join(import.meta.dirname, "scores.json")

export const recorded = (): Recorded =>
  existsSync(place)
    ? Schema.decodeSync(Schema.fromJsonString(Recorded))(readFileSync(place, "utf8"))
    : { since: "HEAD", rooms: {} }

export const record = (scores: Recorded): void => {
  const rooms = Object.fromEntries(Object.entries(scores.rooms).toSorted(([a], [b]) => a < b ? -1 : 1))
  writeFileSync(place, `${JSON.stringify({ since: scores.since, rooms }, null, 2)}\n`)
}

export const percentOf = ({ killed, survived }: { readonly killed: number; readonly survived: number }): number =>
  killed + survived === 0 ? 100 : Math.round(1000 * killed / (killed + survived)) / 10

/** One line a room: its score, what is wanted of it, and how much of it was judged. */
export const tableOf = (rooms: ReadonlyArray<Room>, scores: Recorded): ReadonlyArray<string> =>
  rooms.map((room) => {
    const score = scores.rooms[room.name]
    if (score === undefined) return `${room.name.padEnd(18)}     – (wanted ${room.wanted} %) not judged yet`
    const judged = score.killed + score.survived
    const percent = percentOf(score)
    return `${room.name.padEnd(18)} ${percent.toFixed(1).padStart(5)} % ${percent < room.wanted ? "below" : "     "} ` +
      `(wanted ${room.wanted} %) ${score.killed} of ${judged} seen, ${score.equivalent} equivalent, ` +
      `${
        judged + score.equivalent < score.there * 0.9 ? `a sample of ${score.there}` : `of ${score.there}`
      }, ${score.day}`
  })
