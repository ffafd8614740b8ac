/**
 * What a prompt holds: its quoted words, numbers with their units, dates, names and the like, each with the word before
 * it. Nothing is understood; it is found by its form.
 */
import { singular } from "./kinds.ts"

export interface Found {
  readonly value: string
  /** The word before it, in small letters. */
  readonly after: string
  readonly at: number
}

export interface FoundName extends Found {
  /** Whether it may stand in capitals only because a sentence begins with it. */
  readonly isOpening: boolean
}

export interface FoundNumber extends Found {
  readonly number: number
  /** The words beside it, in small letters and the singular. */
  readonly beside: ReadonlyArray<string>
  readonly isMoney: boolean
  readonly isPercent: boolean
}

export interface Held {
  readonly text: string
  readonly quoted: ReadonlyArray<Found>
  readonly numbers: ReadonlyArray<FoundNumber>
  readonly dates: ReadonlyArray<Found>
  /** `today`, `next Monday`: days that only a clock could tell. */
  readonly days: ReadonlyArray<Found>
  readonly times: ReadonlyArray<Found>
  readonly emails: ReadonlyArray<Found>
  readonly urls: ReadonlyArray<Found>
  readonly phones: ReadonlyArray<Found>
  readonly ids: ReadonlyArray<Found>
  /** Codes such as `EUR`. */
  readonly currencies: ReadonlyArray<Found>
  readonly languages: ReadonlyArray<Found>
  /** Words in capitals that are none of the above: places, people, products. */
  readonly names: ReadonlyArray<FoundName>
}

/** How much of a prompt is read. */
const longest = 20_000

const months = "january february march april may june july august september october november december".split(" ")
const weekdays = "monday tuesday wednesday thursday friday saturday sunday".split(" ")
const numerals = "zero one two three four five six seven eight nine ten eleven twelve".split(" ")

/** Languages and their codes of ISO 639-1. */
const languages: Readonly<Record<string, string>> = {
  arabic: "ar",
  chinese: "zh",
  czech: "cs",
  danish: "da",
  dutch: "nl",
  english: "en",
  finnish: "fi",
  french: "fr",
  german: "de",
  greek: "el",
  hebrew: "he",
  hindi: "hi",
  hungarian: "hu",
  italian: "it",
  japanese: "ja",
  korean: "ko",
  norwegian: "no",
  polish: "pl",
  portuguese: "pt",
  romanian: "ro",
  russian: "ru",
  spanish: "es",
  swedish: "sv",
  turkish: "tr",
  ukrainian: "uk",
  vietnamese: "vi"
}

export const languageCode = (name: string): string | undefined => {
  const key = name.toLowerCase()
  return Object.hasOwn(languages, key) ? languages[key] : undefined
}

const currencies: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  "$": "USD",
  "€": "EUR",
  "£": "GBP",
  "¥": "JPY",
  dollar: "USD",
  euro: "EUR",
  pound: "GBP",
  yen: "JPY",
  franc: "CHF"
}))

const codes = "USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|CNY|INR|KRW|BRL|MXN|SEK|NOK|DKK|PLN|CZK|HUF|TRY|ZAR|SGD|HKD"
const isMoney = new RegExp(`^(?:${codes}|dollars?|euros?|pounds?|yen|francs?)$`, "i")

/** Words that stand in capitals only because a sentence begins with them. */
const openings = new Set(
  ("a add also an and any are ask at be book buy calculate call can cancel check compare compute convert could create " +
    "delete describe do does email explain fetch find for from get give has have hello hey hi how i if in into invite is " +
    "it let list look mail make message my need of on open order pay plan play please post put register remind rent " +
    "reserve save say schedule search see send set should show summarise summarize tell text thank thanks that the " +
    "then there these this to translate update use want was we what when where which who why will with would write " +
    "yes you your no not ok okay after before during about charge transfer track turn start stop run read " +
    "lookup tomorrow today tonight am pm").split(" ")
)
const plain = new Set([...months, ...weekdays])

const two = (n: number): string => String(n).padStart(2, "0")

const before = (text: string, at: number): ReadonlyArray<string> =>
  (text.slice(Math.max(0, at - 60), at).toLowerCase().match(/[\p{L}\p{M}]+/gu) ?? []).slice(-2).map(singular)

/** The year of the emulator's own dates, for days that are written without one. */
const year = "2026"

const dateOf = (day: string, month: string, inYear: string | undefined): string | undefined => {
  const which = months.findIndex((each) => each.startsWith(month.toLowerCase().slice(0, 3))) + 1
  const n = Number(day)
  return which === 0 || n < 1 || n > 31 ? undefined : `${inYear ?? year}-${two(which)}-${two(n)}`
}

const monthPattern = "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:tember)?|" +
  "Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?"

const clock = (hour: string, minute: string | undefined, half: string | undefined): string | undefined => {
  const h = half === undefined ? Number(hour) : (Number(hour) % 12) + (/^p/i.test(half) ? 12 : 0)
  return h > 23 || Number(minute ?? 0) > 59 ? undefined : `${two(h)}:${minute ?? "00"}`
}

export const find = (prompt: string): Held => {
  const text = prompt.slice(0, longest)
  // What was found is blanked out, so that the year of a date is not a number as well.
  let rest = text
  const take = (
    pattern: RegExp,
    value: (match: RegExpExecArray) => string | undefined,
    keeps = false
  ): ReadonlyArray<Found> => {
    const out: Array<Found> = []
    for (const match of rest.matchAll(pattern)) {
      const found = value(match)
      if (found === undefined) continue
      const at = match.index
      out.push({
        value: found,
        at,
        after: /[\p{L}\p{M}]+(?=[^\p{L}\p{M}]*$)/u.exec(text.slice(Math.max(0, at - 40), at))?.[0]?.toLowerCase() ?? ""
      })
      if (!keeps) rest = rest.slice(0, at) + " ".repeat(match[0].length) + rest.slice(at + match[0].length)
    }
    return out.sort((a, b) => a.at - b.at)
  }
  const whole = (match: RegExpExecArray) => match[0]
  const quoted = take(/(?<![\p{L}\d])["“„«']([^"“”„«»'\n]{1,500})["”“»'](?![\p{L}\d])/gu, (match) => match[1], true)
  const urls = take(/https?:\/\/[^\s"'<>]{1,500}/g, (match) => match[0].replace(/[.,;:!?)\]]+$/, ""))
  const emails = take(/[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g, whole)
  const dates = [
    ...take(
      /\b(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?)?\b/g,
      ([, day = "", time = ""]) => day + time
    ),
    ...take(
      new RegExp(
        `\\b(\\d{1,2})(?:st|nd|rd|th|\\.)?\\s+(?:of\\s+)?(${monthPattern})\\b\\.?(?:,?\\s+(\\d{4})\\b)?`,
        "gi"
      ),
      ([, day = "", month = "", inYear]) => dateOf(day, month, inYear)
    ),
    ...take(
      new RegExp(`\\b(${monthPattern})\\.?\\s+(\\d{1,2})(?:st|nd|rd|th)?\\b(?:,?\\s+(\\d{4})\\b)?`, "gi"),
      ([, month = "", day = "", inYear]) => dateOf(day, month, inYear)
    )
  ].sort((a, b) => a.at - b.at)
  const days = take(
    new RegExp(
      `\\b(?:today|tonight|tomorrow|yesterday|(?:next |this )?(?:${weekdays.join("|")})|next (?:week|month))\\b`,
      "gi"
    ),
    whole
  )
  const times = take(
    /\b(\d{1,2})(?::(\d{2}))?\s?(am|pm)\b|\b(\d{1,2}):(\d{2})\b|\b(noon|midnight)\b/gi,
    ([, hour, minute, half, hours, minutes, word]) =>
      word !== undefined
        ? (word.toLowerCase() === "noon" ? "12:00" : "00:00")
        : clock(hour ?? hours ?? "", minute ?? minutes, half)
  )
  const phones = take(/\+\d[\d ()-]{6,18}\d/g, whole)
  const ids = [
    ...take(/\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/gi, whole),
    ...take(/(?<![\w-])(?=[\w-]{0,40}\d)\p{L}[\p{L}\d]{0,20}(?:[-_][\p{L}\d]{1,20}){1,5}(?![\w-])/gu, whole),
    ...take(/(?<![\w-])\p{Lu}{1,5}\d{2,20}(?![\w-])/gu, whole),
    ...take(/(?<!\w)#(\w{1,40})/g, (match) => match[1])
  ].sort((a, b) => a.at - b.at)
  const numbers = numbersOf(rest)
  const money = take(
    new RegExp(`[$€£¥]|\\b(?:${codes})\\b|\\b(?:dollars?|euros?|pounds?|yen|francs?)\\b`, "g"),
    ([word]) => currencies.get(singular(word)) ?? word
  )
  const spoken = take(
    new RegExp(`\\b(?:${Object.keys(languages).join("|")})\\b`, "gi"),
    ([word]) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase()
  )
  return {
    text,
    quoted,
    numbers,
    dates,
    days,
    times,
    emails,
    urls,
    phones,
    ids,
    currencies: money,
    languages: spoken,
    names: namesOf(rest)
  }
}

const numbersOf = (text: string): ReadonlyArray<FoundNumber> => {
  const pattern = new RegExp(
    `(?<![\\w.#/])([$€£¥]\\s?)?(-?\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?|-?\\d{1,15}(?:\\.\\d{1,10})?|\\b(?:${
      numerals.slice(2).join("|")
    })\\b)` +
      "\\s?(%|[€£¥](?!\\d)|°)?(?![\\d:])",
    "gi"
  )
  return [...text.matchAll(pattern)].flatMap((match) => {
    const [all, symbol, digits = "", mark = ""] = match
    const word = numerals.indexOf(digits.toLowerCase())
    const number = word === -1 ? Number(digits.replaceAll(",", "")) : word
    if (!Number.isFinite(number)) return []
    const at = match.index
    const earlier = before(text, at)
    const following = text.slice(at + all.length, at + all.length + 60)
    // The words behind belong to the number only up to the next number or the end of the sentence.
    const behind = (/^[^\d.,;?!\n]*/.exec(following)?.[0].match(/[\p{L}\p{M}]+/gu) ?? []).slice(0, 2)
    return [{
      value: digits,
      number,
      at,
      after: earlier.at(-1) ?? "",
      beside: [...behind.map((each) => singular(each.toLowerCase())), ...earlier.toReversed()],
      isMoney: symbol !== undefined || /[€£¥]/.test(mark) || isMoney.test(behind[0] ?? ""),
      isPercent: mark === "%" || /^per ?cent$/i.test(behind[0] ?? "")
    }]
  })
}

const namesOf = (text: string): ReadonlyArray<FoundName> => {
  const out: Array<FoundName> = []
  let previous: { readonly end: number; readonly after: string } | undefined
  const run =
    /\p{Lu}[\p{L}\p{M}\d'’-]*(?:[ ](?:(?:de|da|do|la|le|of|am|del|van|von|di|der|the)[ ]){0,2}\p{Lu}[\p{L}\p{M}\d'’-]*){0,5}/gu
  for (const match of text.matchAll(run)) {
    if (/[\p{L}\d]/u.test(text.slice(Math.max(0, match.index - 1), match.index))) continue
    const words = match[0].split(" ")
    let at = match.index
    const isCommon = (word: string | undefined) =>
      word !== undefined && (openings.has(word.toLowerCase().replace(/['’].*$/, "")) || plain.has(word.toLowerCase()))
    while (isCommon(words[0])) at += (words.shift() ?? "").length + 1
    const value = words.join(" ").replace(/['’]s$/, "")
    if (value === "") continue
    const gap = previous === undefined ? "" : text.slice(previous.end, at)
    // In "from Rome, Oslo and Bergen" all three stand behind the same word.
    const isListed = previous !== undefined && /^\s*(?:,|,?\s*(?:and|or)\s)\s*$/.test(gap)
    const own = /([\p{L}\p{M}]+)\s+(?:the\s+)?$/u.exec(text.slice(Math.max(0, at - 40), at))?.[1]?.toLowerCase() ?? ""
    const after = isListed ? previous?.after ?? "" : own
    const isOpening = words.length === 1 && /(?:^|[.!?:\n])\s*$/.test(text.slice(Math.max(0, at - 10), at))
    out.push({ value, after, at, isOpening })
    previous = { end: at + value.length, after }
  }
  return out
}
