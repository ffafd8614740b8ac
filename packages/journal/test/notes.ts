/** The records that tests write. */
import * as Schema from "effect/Schema"
import type { Entry } from "../src/Entry.ts"
import * as Records from "../src/Records.ts"

export const notes = Records.make({ name: "test/Note", version: 1, schema: Schema.Struct({ text: Schema.String }) })
export interface Note {
  readonly text: string
}
export const note = (text: string): Note => ({ text })

export const texts = (entries: ReadonlyArray<Entry<Note>>): ReadonlyArray<string> =>
  entries.map((entry) => entry._tag === "Recorded" ? entry.record.text : entry._tag)
