/**
 * The calls of a space as the list shows them: lines without bodies, kept up to date by the cursor of the log. However
 * many events come, the log is asked by one request at a time.
 */
import { signal } from "@preact/signals"
import type { EntryData, EntryPage } from "../src/admin/LogData.ts"
import * as Admin from "./Admin.ts"
import * as Refresh from "./Refresh.ts"

export type Call = typeof EntryData.Type
type Page = typeof EntryPage.Type

/** How many lines the page keeps; beyond it the older half goes. */
const remembered = 200_000

/** The lines by their number, minus that of the first. */
let lines: Array<Call> = []
let first = 0
let cursor: string | undefined
let space = ""

/** Rises with every change of the lines. */
export const version = signal(0)

/** Draws whoever calls it again when the lines have changed. */
export const watch = (): number => version.value

/** What the list is searched for. */
export const wanted = signal("")

let visible: Array<number> = []
let searched = ""

const words = (call: Call): string =>
  `${call.id} ${call.apiMethod ?? ""} ${call.model ?? ""} ${call.status ?? "open"} ${call.outcome ?? ""} ${
    call.verdict?.by ?? ""
  } ${call.verdict?.rule ?? ""} ${call.verdict?.refused ?? ""} ${call.prompt ?? ""} ${call.path}`.toLowerCase()

const suits = (call: Call, terms: ReadonlyArray<string>): boolean => {
  if (terms.length === 0) return true
  const text = words(call)
  return terms.every((term) => text.includes(term))
}

const termsOf = (text: string): ReadonlyArray<string> => text.toLowerCase().split(/\s+/).filter((term) => term !== "")

/** The numbers of the lines that are shown, in order of arrival. */
export const shown = (): ReadonlyArray<number> => {
  if (wanted.value !== searched) {
    searched = wanted.value
    const terms = termsOf(searched)
    visible = lines.filter((call) => suits(call, terms)).map(({ id }) => id)
  }
  return visible
}

export const at = (id: number): Call | undefined => lines[id - first]

export const count = (): number => lines.length

/** The number of the newest line. */
export const newest = (): number | undefined => lines.at(-1)?.id

/** The newest lines of which something holds, so many at most. */
export const newestWhere = (holds: (call: Call) => boolean, most: number): ReadonlyArray<Call> => {
  const found: Array<Call> = []
  for (let i = lines.length - 1; i >= 0 && found.length < most; i--) {
    const call = lines[i]
    if (call !== undefined && holds(call)) found.push(call)
  }
  return found
}

const put = (calls: ReadonlyArray<Call>) => {
  const terms = termsOf(searched)
  let isLate = false
  for (const call of calls) {
    if (lines.length === 0) first = call.id
    const known = lines[call.id - first]
    // The log may have dropped what lies between; a hole would be shown as a line.
    if (known === undefined && call.id !== first + lines.length) {
      lines = []
      visible = []
      first = call.id
    }
    lines[call.id - first] = call
    if (known === undefined) {
      if (suits(call, terms)) visible.push(call.id)
    } else if (terms.length > 0 && suits(known, terms) !== suits(call, terms)) isLate = true
  }
  if (isLate) visible = lines.filter((call) => suits(call, terms)).map(({ id }) => id)
  if (lines.length > remembered) {
    lines = lines.slice(-remembered / 2)
    first = lines[0]?.id ?? 0
    visible = visible.filter((id) => id >= first)
  }
}

const clear = () => {
  lines = []
  visible = []
  first = 0
}

const refresh = async (): Promise<void> => {
  const asked = space
  const since = cursor === undefined ? "" : `&changed=${encodeURIComponent(cursor)}`
  let after = -1
  let now: string | undefined
  for (;;) {
    const page = await Admin.get<Page>(
      Admin.inSpace(asked, `/requests?bodies=false&limit=1000&after=${after}${since}`)
    )
    if (asked !== space) return
    if (page.restarted && after < 0) clear()
    now ??= page.cursor
    put(page.requests)
    version.value++
    if (page.next === undefined) break
    after = page.next
  }
  cursor = now
}

/** `trouble` says why the log cannot be read. */
export const { trouble, update } = Refresh.make(refresh)

/** Begins with another space. */
export const begin = (name: string): void => {
  space = name
  cursor = undefined
  clear()
  version.value++
}
