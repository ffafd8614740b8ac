/** The calls that wait for a person, as the API lists them; asked for when an event says that they have changed. */
import { signal } from "@preact/signals"
import type { HeldData, HeldList } from "../src/admin/HoldApi.ts"
import * as Admin from "./Admin.ts"
import * as Refresh from "./Refresh.ts"

export type Held = typeof HeldData.Type

interface Listed {
  readonly all: boolean
  readonly calls: ReadonlyArray<Held>
  /** When they were listed, in milliseconds of the page's own time. */
  readonly at: number
}

const nothing: Listed = { all: false, calls: [], at: 0 }

export const listed = signal(nothing)

let space = ""

/** `trouble` says why they cannot be listed. */
export const { trouble, update } = Refresh.make(async () => {
  const asked = space
  const { all, calls } = await Admin.get<typeof HeldList.Type>(Admin.inSpace(asked, "/holds"))
  if (asked === space) listed.value = { all, calls, at: performance.now() }
})

/** Begins with another space. */
export const begin = (name: string): void => {
  space = name
  listed.value = nothing
}

/** The held call that the log has under this number. */
export const ofRequest = (id: number): Held | undefined => listed.value.calls.find(({ request }) => request === id)
