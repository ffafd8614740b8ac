/** What is said of a document beside its text, as a record and as the wire has it. Pure. */
import type { CustomMetadata } from "../../wire/FileSearchStore.ts"
import { count } from "../../wire/Usage.ts"

export type Metadata = Readonly<Record<string, string | number | ReadonlyArray<string>>>

/** The most entries of a document (REST reference, November 2026). */
const most = 20

/** Why these cannot be sent. */
export const problem = (metadata: Metadata): { readonly field: string; readonly description: string } | undefined => {
  const entries = Object.entries(metadata)
  if (entries.length > most) {
    return { field: "metadata", description: `expected at most ${most} entries, got ${entries.length}` }
  }
  const wrong = entries.find(([key, value]) =>
    key === "" || !(typeof value === "string" || typeof value === "number" && Number.isFinite(value) ||
      Array.isArray(value) && value.every((one) => typeof one === "string"))
  )
  return wrong === undefined
    ? undefined
    : { field: `metadata.${wrong[0].slice(0, 50)}`, description: "expected a text, a number or a list of texts" }
}

export const written = (metadata: Metadata): ReadonlyArray<CustomMetadata> =>
  Object.entries(metadata).map(([key, value]) =>
    typeof value === "string"
      ? { key, stringValue: value }
      : typeof value === "number"
      ? { key, numericValue: value }
      : { key, stringListValue: { values: value } }
  )

/** Entries without a key or a value are left out. */
export const read = (entries: ReadonlyArray<CustomMetadata>): Metadata => {
  const metadata: Record<string, string | number | ReadonlyArray<string>> = Object.create(null)
  for (const { key, numericValue, stringListValue, stringValue } of entries) {
    const value = stringValue ?? stringListValue?.values ?? (numericValue == null ? undefined : count(numericValue))
    if (key != null && value !== undefined) metadata[key] = value
  }
  return metadata
}
