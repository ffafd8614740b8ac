/**
 * Takes the secrets out of what is recorded, and out of requests before they are compared with what is recorded.
 *
 * A body is read as what it is: JSON, several JSON values, server-sent events, or plain text. What a model says over
 * several chunks is joined before it is searched, and cut again where it was cut, so that a secret is found that no chunk
 * holds whole. What is found nowhere but in the raw text, such as in a comment or in broken JSON, goes too.
 */
import * as Edits from "./edits.ts"
import * as Findings from "./findings.ts"
import * as Tokens from "./jsonTokens.ts"
import { isOne, type Placeholders } from "./Placeholders.ts"

export interface Scrubber {
  /** A text without structure: a header, a reason, a path. */
  readonly text: (text: string) => string
  /** A body in the pieces in which it came; as many pieces come back. */
  readonly body: (pieces: ReadonlyArray<Uint8Array>) => ReadonlyArray<Uint8Array>
  /** The messages of one side of a conversation, each of which is a value of its own. */
  readonly messages: (messages: ReadonlyArray<Uint8Array>) => ReadonlyArray<Uint8Array>
  /** The same, for which these values are secret, too. */
  readonly knowing: (values: ReadonlyArray<string>) => Scrubber
  /** What is left in a body that was scrubbed. */
  readonly left: (pieces: ReadonlyArray<Uint8Array>) => ReadonlyArray<Findings.Finding & { readonly text: string }>
}

export interface Secrecy extends Findings.Search {
  /** Whole fields that go, by the names that lead there: `contents.parts.text`. */
  readonly paths: ReadonlySet<string>
}

interface Range {
  readonly from: number
  readonly to: number
}

/** Where values may stand in a text: behind `data:` of each event, and in the lines that belong to no event. */
const valuesIn = (text: string): ReadonlyArray<Range> => {
  if (!/^(?:data|event|id|retry|):/m.test(text)) return [{ from: 0, to: text.length }]
  const ranges: Array<Range> = []
  let stray: { from: number; to: number } | undefined
  for (const match of text.matchAll(/[^\r\n]*(?:\r\n|\n|\r|$)/g)) {
    const [line] = match
    const to = match.index + line.length
    if (line === "") continue
    const field = /^(data: ?|event:|id:|retry:|:)/.exec(line)?.[0]
    if (field === undefined) {
      if (stray === undefined) stray = { from: match.index, to }
      else stray.to = to
      continue
    }
    if (stray !== undefined) ranges.push(stray)
    stray = undefined
    if (field.startsWith("data:")) ranges.push({ from: match.index + field.length, to })
  }
  if (stray !== undefined) ranges.push(stray)
  return ranges
}

/** Signatures open nothing, and a replay needs them as they are. */
const isSignature = ({ track }: Tokens.Lexeme): boolean => /\.(?:thought_?[sS]ignature|signature)$/.test(track)

const pathOf = (track: string): string => track.replaceAll(/\[[^\]]*\]|![a-z]+|@[^.]*/g, "").slice(1)

/**
 * Fields that are secret whatever they hold: the headers that a model sends to a remote MCP server (interactions name
 * them in the tool, generateContent in its transport), and the keys with which Google signs webhooks.
 */
const isSecretField = (path: string): boolean =>
  /(?:^|\.)tools\.(?:mcp_?[sS]ervers\.streamable_?[hH]ttp_?[tT]ransport\.)?headers\./.test(path) ||
  /^(?:new_?[sS]igning_?[sS]ecret|secret)$/.test(path)

/** The replacement as it is written inside a string of JSON. */
const escaped = (text: string): string => JSON.stringify(text).slice(1, -1)

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const decoded = (bytes: Uint8Array): { readonly text: string; readonly encoding: "utf8" | "latin1" } => {
  try {
    return { text: decoder.decode(bytes), encoding: "utf8" }
  } catch {
    return { text: Buffer.from(bytes).toString("latin1"), encoding: "latin1" }
  }
}

export const make = (rules: Secrecy, placeholders: Placeholders): Scrubber => {
  const plain = (text: string): string => {
    let scrubbed = ""
    let at = 0
    for (const { end, kind, start } of Findings.find(text, rules)) {
      scrubbed += text.slice(at, start) + placeholders.of(kind, text.slice(start, end))
      at = end
    }
    return at === 0 ? text : scrubbed + text.slice(at)
  }

  /** The edits for what the tokens of one track say together. */
  const ofTrack = (text: string, tokens: ReadonlyArray<Tokens.Lexeme>, edits: Array<Edits.Edit>): void => {
    const said = tokens.map(({ value }) => value).join("")
    const path = pathOf(tokens[0]?.track ?? "")
    const whole = (rules.paths.has(path) || (isSecretField(path) && tokens[0]?.kind !== "key")) &&
      !isOne(said)
    const findings = whole && said !== "" ? [{ start: 0, end: said.length, kind: "FIELD" }] : Findings.find(said, rules)
    let first = 0
    let offset = 0
    for (const { end, kind, start } of findings) {
      const placeholder = placeholders.of(kind, said.slice(start, end))
      const share = (place: number) => Math.round((place - start) * placeholder.length / (end - start))
      while (offset + (tokens[first]?.value.length ?? 0) <= start && first < tokens.length) {
        offset += tokens[first]?.value.length ?? 0
        first++
      }
      let at = offset
      for (let i = first; i < tokens.length && at < end; i++) {
        const token = tokens[i]
        if (token === undefined) break
        const from = Math.max(start, at)
        const to = Math.min(end, at + token.value.length)
        if (to > from) {
          const piece = placeholder.slice(share(from), share(to))
          const place = (letter: number) => Tokens.placeIn(text, token, letter - at)
          edits.push(
            token.kind === "number"
              // A number becomes a string: there is no number that says what it stands for.
              ? { start: token.start, end: token.end, replacement: JSON.stringify(piece) }
              : { start: place(from), end: place(to), replacement: escaped(piece) }
          )
        }
        at += token.value.length
      }
    }
  }

  const structured = (text: string, ranges: ReadonlyArray<Range>): ReadonlyArray<Edits.Edit> => {
    const tracks = new Map<string, Array<Tokens.Lexeme>>()
    let alone = 0
    for (const { from, to } of ranges) {
      for (const token of Tokens.tokensOf(text, from, to)) {
        if (isSignature(token)) continue
        // Names and numbers are whole where they stand.
        const track = token.kind === "string" ? token.track : `#${alone++}`
        const known = tracks.get(track)
        if (known === undefined) tracks.set(track, [token])
        else known.push(token)
      }
    }
    const edits: Array<Edits.Edit> = []
    for (const tokens of tracks.values()) {
      ofTrack(text, tokens, edits)
      // Texts of one track need not belong together; what is secret in one alone must not be hidden by its neighbours.
      if (tokens.length > 1) { for (const token of tokens) alonely(text, token, edits) }
    }
    return apart(edits)
  }
  const alonely = (text: string, token: Tokens.Lexeme, edits: Array<Edits.Edit>): void => {
    for (const { end, kind, start } of Findings.find(token.value, rules)) {
      const edit = {
        start: Tokens.placeIn(text, token, start),
        end: Tokens.placeIn(text, token, end),
        replacement: escaped(placeholders.of(kind, token.value.slice(start, end)))
      }
      if (!edits.some((known) => known.start < edit.end && edit.start < known.end)) edits.push(edit)
    }
  }

  const scrubbed = (
    pieces: ReadonlyArray<Uint8Array>,
    rangesOf: (text: string) => ReadonlyArray<Range>
  ): ReadonlyArray<Uint8Array> => {
    const { encoding, text } = decoded(Buffer.concat(pieces))
    const edits = encoding === "utf8" ? structured(text, rangesOf(text)) : []
    const once = Edits.applied(pieces, text, edits, encoding)
    // The second reader knows no structure, and so finds what the first one could not read.
    const again = edits.length === 0 ? { text, encoding } : decoded(Buffer.concat(once))
    const more = Findings.find(again.text, rules).map(({ end, kind, start }) => ({
      start,
      end,
      replacement: placeholders.of(kind, again.text.slice(start, end))
    }))
    return Edits.applied(once, again.text, more, again.encoding)
  }

  const self: Scrubber = {
    text: plain,
    knowing: (values) => {
      if (values.length === 0) return self
      // What the rules find keeps the name that it has without these values.
      const more = make({ detectors: [], values, paths: new Set() }, placeholders)
      return {
        ...self,
        text: (text) => more.text(self.text(text)),
        body: (pieces) => more.body(self.body(pieces)),
        messages: (messages) => more.messages(self.messages(messages))
      }
    },
    body: (pieces) => scrubbed(pieces, valuesIn),
    messages: (messages) => {
      // The messages are searched as one text, in which each keeps its own range.
      const texts = messages.map((bytes) => decoded(bytes))
      const isText = texts.every(({ encoding }) => encoding === "utf8")
      if (!isText) return messages.map((bytes) => scrubbed([bytes], valuesIn)[0] ?? bytes)
      const ranges: Array<Range> = []
      let at = 0
      for (const { text } of texts) {
        ranges.push({ from: at, to: at + text.length })
        at += text.length
      }
      return scrubbed(messages, () => ranges)
    },
    left: (pieces) => {
      const { encoding, text } = decoded(Buffer.concat(pieces))
      const raw = Findings.find(text, rules).map((finding) => ({
        ...finding,
        text: text.slice(finding.start, finding.end)
      }))
      if (encoding === "latin1") return raw
      const edits = structured(text, valuesIn(text))
      return [
        ...raw,
        ...edits.map(({ end, start }) => ({ start, end, kind: "VALUE", text: text.slice(start, end) }))
      ]
    }
  }
  return self
}

/** The edits without those that begin within an earlier one. */
const apart = (edits: ReadonlyArray<Edits.Edit>): ReadonlyArray<Edits.Edit> => {
  let end = -1
  return edits.toSorted((a, b) => a.start - b.start || b.end - a.end).filter((edit) => {
    if (edit.start < end) return false
    end = edit.end
    return true
  })
}
