/**
 * What the value of a property is for, by the words of its name and description: the table of 2026-11-29. Its rows are
 * asked in order, the special before the general, so that `city_name` is a city and `message_id` an id.
 */

/** A kind of value that people write into prompts. */
export type PropertyKind =
  | "address"
  | "amount"
  | "city"
  | "country"
  | "currency"
  | "date"
  | "email"
  | "id"
  | "language"
  | "name"
  | "percent"
  | "phone"
  | "place"
  | "prose"
  | "query"
  | "text"
  | "time"
  | "title"
  | "url"

interface Row {
  readonly kind: PropertyKind
  readonly words: ReadonlySet<string>
  /** The value where the prompt holds none. */
  readonly example: string | undefined
}

const row = (kind: PropertyKind, example: string | undefined, words: string): Row => ({
  kind,
  example,
  words: new Set(words.split(" "))
})

/** Only texts have an example: a number without a place in the prompt is drawn between its bounds. */
const rows: ReadonlyArray<Row> = /* @__PURE__ */ (() => [
  row("title", "A short title", "title subject headline heading"),
  row("text", undefined, "body message content text note comment memo"),
  row("email", "ada@example.com", "email mail recipient cc bcc"),
  row("url", "https://example.com/", "url uri link website webpage homepage href"),
  row("phone", "+49 30 5550100", "phone telephone mobile tel fax"),
  row("percent", undefined, "percent percentage pct discount rate share"),
  row("currency", "EUR", "currency"),
  row("language", "English", "language lang locale"),
  row("id", "id-1001", "id uuid identifier reference sku"),
  row("date", undefined, "date day deadline birthday due checkin checkout"),
  row("time", "12:00", "time hour clock"),
  row("country", "Germany", "country nation"),
  row("city", "Berlin", "city town municipality"),
  row("address", "1 Example Street, Berlin", "address street"),
  row("place", "Berlin", "location place destination origin region area departure arrival airport station from to"),
  row("amount", undefined, "price amount cost budget fee total sum salary money"),
  row("query", undefined, "query question search keyword topic term prompt about"),
  row("prose", undefined, "answer reply response summary explanation description reason conclusion"),
  row("name", "Ada Lovelace", "name person user customer author contact guest attendee patient employee artist")
])()

const byKind: ReadonlyMap<PropertyKind, Row> = /* @__PURE__ */ (() => new Map(rows.map((each) => [each.kind, each])))()

/** What a name says of the direction: `source_language`, `end_date`. */
const starts = /* @__PURE__ */ new Set(["from", "source", "origin", "start", "begin", "departure", "checkin"])
const ends = /* @__PURE__ */ new Set(["to", "target", "destination", "end", "arrival", "until", "checkout"])

/** A word without the ending of its plural. */
export const singular = (word: string): string => {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`
  if (word.length > 4 && /(?:ches|shes|sses|xes)$/.test(word)) return word.slice(0, -2)
  return word.length > 3 && word.endsWith("s") && !/(?:ss|us|is)$/.test(word) ? word.slice(0, -1) : word
}

/** The words of a text or of a name in any notation, in small letters and the singular. */
export const wordsOf = (text: string): ReadonlyArray<string> =>
  (text.slice(0, 2000).replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1 $2").toLowerCase().match(/[\p{L}\d]+/gu) ?? []).map(
    singular
  )

/** What a property is for. Its name is asked before its description. */
export const kindOf = (name: string, description: string): PropertyKind | undefined => {
  for (const text of [name, description]) {
    const words = wordsOf(text)
    const found = rows.find((each) => words.some((word) => each.words.has(word)))
    if (found !== undefined) return found.kind
  }
  return undefined
}

/** The kind that a format of JSON Schema names. */
export const kindOfFormat = (format: string | undefined): PropertyKind | undefined => {
  switch (format) {
    case "email":
      return "email"
    case "uri":
      return "url"
    case "date":
    case "date-time":
      return "date"
    case "time":
      return "time"
    case "uuid":
      return "id"
    default:
      return undefined
  }
}

const shapes: ReadonlyMap<string, RegExp> = /* @__PURE__ */ new Map([
  ["date", /^\d{4}-\d{2}-\d{2}$/],
  ["date-time", /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/],
  ["time", /^\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})$/],
  ["email", /^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/],
  ["uri", /^[a-z][a-z\d+.-]*:[^\s"<>\\^`{|}]+$/i],
  ["uuid", /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i]
])

/** Whether the form of a format is known here. */
export const isKnownFormat = (format: string | undefined): boolean => format === undefined || shapes.has(format)

/** Whether a value has the form that a format of JSON Schema asks for. Of other formats no value is known to. */
export const isOfFormat = (format: string | undefined, value: unknown): boolean => {
  if (format === undefined || typeof value !== "string") return true
  const day = format.startsWith("date") ? value.slice(0, 10) : undefined
  if (day !== undefined && new Date(`${day}T00:00:00Z`).toJSON()?.slice(0, 10) !== day) return false
  return shapes.get(format)?.test(value) === true
}

export const exampleOf = (kind: PropertyKind): string | undefined => byKind.get(kind)?.example

export const directionOf = (name: string): "from" | "to" | undefined => {
  const words = wordsOf(name)
  if (words.some((word) => starts.has(word))) return "from"
  return words.some((word) => ends.has(word)) ? "to" : undefined
}
