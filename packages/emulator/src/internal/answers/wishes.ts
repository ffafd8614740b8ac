/**
 * What a value should rather be than drawn: the schema's examples and defaults, then what results and the prompt hold of
 * the kind that the property's name and description say, then what the prompt holds of its type. These are wishes: a
 * value that the schema forbids is passed over.
 */
import * as Json from "../json.ts"
import * as HeldIn from "./held.ts"
import * as Kinds from "./kinds.ts"

export interface Wishes {
  /** What the schema itself gives as examples and default; examples that the prompt names come first. */
  readonly examples: (schema: unknown) => ReadonlyArray<unknown>
  /** Candidates for a text, a number or a boolean, the likeliest first. */
  readonly of: (schema: unknown, name: string) => Iterable<unknown>
  /** The same for the items of a list. */
  readonly items: (schema: unknown, name: string) => ReadonlyArray<unknown>
  /** The options of an enum that the prompt names, in its order. */
  readonly options: (options: ReadonlyArray<unknown>, name: string) => ReadonlyArray<unknown>
  /** Says that a candidate was taken, so that the next property gets another one. */
  readonly took: (value: unknown) => void
}

export interface Sources {
  /** The user's last words. */
  readonly prompt: string
  /** The responses of functions since, the newest first. */
  readonly results?: ReadonlyArray<unknown> | undefined
  /** What a property for an answer in words gets. */
  readonly said?: string | undefined
  /** The schema of the whole: the numbers that stand beside the name of one of its properties are for that one. */
  readonly root: unknown
}

/** How many members of results and properties of schemas are looked at. */
const most = 2000

/** The leaves of results by the words of their names. The first one of a name counts. */
const leaves = (results: ReadonlyArray<unknown>): ReadonlyMap<string, unknown> => {
  const out = new Map<string, unknown>()
  const queue = [...results]
  for (let i = 0; i < queue.length && i < most; i++) {
    const value = queue[i]
    if (Array.isArray(value)) queue.push(...value.slice(0, 100))
    if (!Json.isObject(value)) continue
    for (const [name, member] of Object.entries(value).slice(0, 100)) {
      const key = Kinds.wordsOf(name).join("_")
      if (typeof member === "object" && member !== null) queue.push(member)
      else if (!out.has(key) && member !== null) out.set(key, member)
    }
  }
  return out
}

/** The words of all names of properties. */
const namesIn = (root: unknown): ReadonlySet<string> => {
  const out = new Set<string>()
  const queue: Array<unknown> = [root]
  for (let i = 0; i < queue.length && i < most; i++) {
    const value = queue[i]
    if (Array.isArray(value)) queue.push(...value.slice(0, 100))
    if (!Json.isObject(value)) continue
    for (const [key, member] of Object.entries(value).slice(0, 100)) {
      if (key === "properties" && Json.isObject(member)) {
        for (const name of Object.keys(member).slice(0, 100)) for (const word of Kinds.wordsOf(name)) out.add(word)
      }
      if (typeof member === "object") queue.push(member)
    }
  }
  return out
}

const from = new Set(["from", "between", "starting", "in", "on"])
const to = new Set(["to", "into", "until", "till", "through", "for"])
const places = new Set(["in", "for", "to", "at", "near", "from", "around", "via", "between"])
const people = new Set(["named", "called", "is", "name", "with", "for", "to", "by", "of", "customer", "user", "author"])

/** Those behind one of the words first, and the others in their order. */
const behind = (words: ReadonlySet<string>, found: ReadonlyArray<HeldIn.Found>, others = true) => [
  ...found.filter(({ after }) => words.has(after)),
  ...(others ? found.filter(({ after }) => !words.has(after)) : [])
]

const directed = (name: string, found: ReadonlyArray<HeldIn.Found>): ReadonlyArray<HeldIn.Found> => {
  const direction = Kinds.directionOf(name)
  if (direction === undefined) return found
  const [mine, other] = direction === "from" ? [from, to] : [to, from]
  return [...behind(mine, found, false), ...found.filter(({ after }) => !mine.has(after) && !other.has(after))]
}

const values = (found: ReadonlyArray<HeldIn.Found>): ReadonlyArray<string> => found.map(({ value }) => value)

const opening =
  /^(?:please\s+|can you\s+|could you\s+)*(?:search|look|google|browse|query|find|look up|search for)\b(?:\s+(?:the\s+)?(?:web|internet|docs|documents|documentation|news))?(?:\s+(?:for|up|about|on))?\s+/i

/** What is asked for, without the words that ask for it. */
const queryOf = (text: string): string => text.trim().replace(opening, "").replace(/[.?!\s]+$/, "").slice(0, 200)

const messageOf = (text: string): ReadonlyArray<string> => {
  const found =
    /(?:\b(?:saying|says|that says|to say|message|telling (?:him|her|them))\s+(?:that\s+)?|:\s+)([^\n]{1,1000})/i.exec(
      text
    )
  return [...(found?.[1] === undefined ? [] : [found[1].trim().replace(/[.\s]+$/, "")]), text.trim()]
}

const titleOf = (text: string): ReadonlyArray<string> => {
  const found = /\b(?:titled|entitled|called|named|about|subject|title)\s+([^\n.,;:?!"]{1,100})/i.exec(text)
  return found?.[1] === undefined ? [] : [found[1].trim()]
}

/** Whether a language is asked for by its code. */
const wantsCode = (name: string, schema: unknown): boolean =>
  /cod(?:e|ed)|iso/i.test(`${name} ${Json.at(schema, "description")}`)

/** Whether a schema without a type says nothing of what lies within. */
const isBare = (schema: unknown): boolean =>
  !["properties", "items", "prefixItems", "anyOf", "oneOf", "allOf", "not", "required"].some((key) =>
    Json.at(schema, key) !== undefined
  )

export const make = (sources: Sources): Wishes => {
  const { prompt, results = [], root, said } = sources
  let memory: HeldIn.Held | undefined
  const held = () => memory ??= HeldIn.find(prompt)
  let known: ReadonlyMap<string, unknown> | undefined
  let reserved: ReadonlySet<string> | undefined
  const used = new Set<string>()
  const fresh = <A>(list: ReadonlyArray<A>): ReadonlyArray<A> => {
    const unused = list.filter((each) => !used.has(Json.canonical(each)))
    return unused.length === 0 ? list : unused
  }
  const unused = <A>(list: ReadonlyArray<A>) => list.filter((each) => !used.has(Json.canonical(each)))

  const examples = (schema: unknown): ReadonlyArray<unknown> => {
    const list = [...Json.list(Json.at(schema, "examples"))]
    const example = Json.at(schema, "example")
    if (example !== undefined) list.push(example)
    const words = prompt.toLowerCase()
    const named = list.filter((each) => typeof each === "string" && each !== "" && words.includes(each.toLowerCase()))
    const standard = Json.at(schema, "default")
    return [...named, ...list, ...(standard === undefined || standard === null ? [] : [standard])]
  }

  const numbers = (name: string, description: string, kind: Kinds.PropertyKind | undefined): ReadonlyArray<number> => {
    const all = held().numbers
    const own = new Set(Kinds.wordsOf(name))
    const told = new Set(Kinds.wordsOf(description).filter((word) => word.length > 3))
    const beside = (words: ReadonlySet<string>) => all.filter((each) => each.beside.some((word) => words.has(word)))
    reserved ??= namesIn(root)
    const others = reserved
    const free = all.filter((each) => !each.beside.some((word) => others.has(word) && !own.has(word)))
    const byKind = kind === "amount"
      ? all.filter(({ isMoney }) => isMoney)
      : kind === "percent"
      ? all.filter(({ isPercent }) => isPercent)
      : []
    const plain = free.filter((each) => kind === "amount" || kind === "percent" || !(each.isMoney || each.isPercent))
    return unused([
      ...new Set([...beside(own), ...byKind, ...beside(told), ...plain, ...free].map(({ number }) => number))
    ])
  }

  const ofKind = (kind: Kinds.PropertyKind, name: string, schema: unknown): ReadonlyArray<string> => {
    const here = held()
    const proper = [...here.names.filter((each) => !each.isOpening), ...here.names.filter((each) => each.isOpening)]
    switch (kind) {
      case "email":
        return fresh(values(directed(name, here.emails)))
      case "url":
        return fresh(values(here.urls))
      case "phone":
        return fresh(values(here.phones))
      case "currency":
        return unused(values(directed(name, here.currencies)))
      case "language":
        return unused(values(directed(name, here.languages))).flatMap((language) => {
          const code = HeldIn.languageCode(language)
          return code === undefined
            ? [language]
            : wantsCode(name, schema)
            ? [code]
            : [language, code]
        })
      case "id":
        return fresh(values(here.ids))
      case "date": {
        const time = here.times[0]?.value ?? "12:00"
        const dates = unused(values(directed(name, here.dates)))
        if (Json.at(schema, "format") === "date-time") {
          return dates.map((date) => date.includes("T") ? date : `${date}T${time}:00Z`)
        }
        return Json.at(schema, "format") === "date"
          ? dates.map((date) => date.slice(0, 10))
          : [...dates, ...unused(values(directed(name, here.days)))]
      }
      case "time":
        return unused(values(directed(name, here.times))).map((time) =>
          Json.at(schema, "format") === "time" ? `${time}:00Z` : time
        )
      case "city":
      case "country":
      case "place": {
        const ordered = directed(name, proper)
        const codes = kind === "place" ? values(directed(name, [...here.currencies, ...here.languages])) : []
        const mails = kind === "place" && Kinds.wordsOf(name).length === 1 ? values(here.emails) : []
        return fresh([
          ...mails,
          ...values(Kinds.directionOf(name) === undefined ? behind(places, ordered) : ordered),
          ...codes
        ])
      }
      case "address":
        return fresh([...values(here.quoted), ...values(behind(places, proper))])
      case "name":
        return fresh([...values(behind(people, proper)), ...values(here.quoted)])
      case "title":
        return [...unused(values(here.quoted)), ...titleOf(here.text)]
      case "text":
        return [...unused(values(here.quoted)), ...messageOf(here.text)]
      case "query":
        return [...unused(values(here.quoted)), ...(here.text.trim() === "" ? [] : [queryOf(here.text)])]
      case "prose":
        return [...(said === undefined ? [] : [said]), ...messageOf(here.text)]
      case "amount":
      case "percent":
        return []
    }
  }

  /** Without the word that begins a sentence, unless it is the only one. */
  const listed = (found: ReadonlyArray<string>): ReadonlyArray<string> => {
    const opening = new Set(held().names.flatMap((each) => each.isOpening ? each.value : []))
    const others = found.filter((each) => !opening.has(each))
    return others.length === 0 ? found : others
  }

  const texts = (schema: unknown, name: string): ReadonlyArray<unknown> => {
    const description = Json.text(Json.at(schema, "description")) ?? ""
    const format = Json.text(Json.at(schema, "format"))
    const kind = Kinds.kindOfFormat(format) ?? Kinds.kindOf(name, description)
    const usual = kind === undefined ? undefined : Kinds.exampleOf(kind)
    const example = kind === "language" && wantsCode(name, schema) ? HeldIn.languageCode(usual ?? "") ?? usual : usual
    if (kind !== undefined && kind !== "amount" && kind !== "percent") {
      return [...ofKind(kind, name, schema), ...(example === undefined || format !== undefined ? [] : [example])]
    }
    if (format !== undefined) return []
    if (kind !== undefined) return numbers(name, description, kind).map(String)
    const here = held()
    const names = here.names.filter((each) => !each.isOpening)
    return unused([...values(here.quoted), ...values(behind(places, names)), ...values(here.ids)])
  }

  const booleans = (name: string): ReadonlyArray<boolean> => {
    const wanted = Kinds.wordsOf(name).filter((word) => !/^(?:is|has|use|with|include|enable|be|should)$/.test(word))
    if (wanted.length === 0) return []
    for (const clause of held().text.split(/[,.;:!?\n]|\bbut\b/)) {
      const words = Kinds.wordsOf(clause)
      const places = wanted.map((word) => words.indexOf(word))
      if (places.includes(-1)) continue
      const first = Math.min(...places)
      const before = words.slice(Math.max(0, first - 3), first)
      return [!before.some((word) => /^(?:no|not|without|don|never|skip)$/.test(word))]
    }
    return []
  }

  const typesOf = (schema: unknown): ReadonlyArray<string> =>
    [Json.at(schema, "type")].flat().flatMap((type) => typeof type === "string" ? type.toLowerCase() : [])

  function* of(schema: unknown, name: string): Generator<unknown> {
    yield* examples(schema)
    const types = typesOf(schema)
    const words = Kinds.wordsOf(name)
    known ??= leaves(results)
    const result = name === "" ? undefined : known.get(words.join("_")) ??
      (words.at(-1) === "id" ? known.get("id") : undefined)
    const format = Json.text(Json.at(schema, "format"))
    if (result !== undefined && types.length > 0) {
      if (Kinds.isOfFormat(format, result)) yield result
      if (types.includes("string") && Kinds.isOfFormat(format, String(result))) yield String(result)
    }
    const description = Json.text(Json.at(schema, "description")) ?? ""
    if (types.includes("string") || (types.length === 0 && isBare(schema))) {
      for (const value of texts(schema, name)) if (Kinds.isOfFormat(format, value)) yield value
    }
    if (types.includes("number") || types.includes("integer")) {
      yield* numbers(name, description, Kinds.kindOf(name, description))
    }
    if (types.includes("boolean")) yield* booleans(name)
  }

  return {
    examples,
    of,
    items: (schema, name) => {
      const types = typesOf(schema)
      const description = Json.text(Json.at(schema, "description")) ?? ""
      if (types.includes("number") || types.includes("integer")) return numbers(name, description, undefined)
      if (!types.includes("string")) return []
      const kind = Kinds.kindOfFormat(Json.text(Json.at(schema, "format"))) ?? Kinds.kindOf(name, description)
      const format = Json.text(Json.at(schema, "format"))
      const named = unused(values(held().quoted)).filter((each) => Kinds.isOfFormat(format, each))
      if (named.length > 0) return named
      if (kind === undefined) return texts(schema, name)
      // Words that stand for the whole of the prompt do not make a list.
      return kind === "text" || kind === "prose" || kind === "query" || kind === "title"
        ? []
        : listed(ofKind(kind, name, schema).filter((each) => Kinds.isOfFormat(format, each)))
    },
    options: (options, name) => {
      const words = Kinds.wordsOf(held().text)
      const placed = options.flatMap((option) => {
        const own = typeof option === "string" ? Kinds.wordsOf(option) : []
        const at = typeof option === "number"
          ? held().numbers.findIndex(({ number }) => number === option)
          : own.length === 0 || !own.every((word) => words.includes(word))
          ? -1
          : Math.min(...own.map((word) => words.indexOf(word)))
        return at === -1 ? [] : [{ option, at, after: words[at - 1] ?? "" }]
      }).sort((a, b) => a.at - b.at)
      const direction = Kinds.directionOf(name)
      const wanted = direction === "from" ? from : to
      const ordered = direction === undefined
        ? placed
        : [...placed.filter(({ after }) => wanted.has(after)), ...placed.filter(({ after }) => !wanted.has(after))]
      return fresh(ordered.map(({ option }) => option))
    },
    took: (value) => {
      if (typeof value !== "object") used.add(Json.canonical(value))
    }
  }
}
