/**
 * What a file search finds in a document: its text in pages, cut into chunks of words. Pure.
 */

/** A stretch of a document's text. Pages count from 1; a document without pages has none. */
export interface Passage {
  readonly text: string
  readonly page?: number | undefined
}

export interface Chunking {
  /** Words of a passage, and how many of them the next one begins with. */
  readonly words: number
  readonly overlap: number
}

/** The sizes where a document names none. Google publishes no number: these are ours. */
export const standard: Chunking = { words: 200, overlap: 20 }

const isText = (mimeType: string): boolean =>
  /^(?:text\/|application\/(?:json|xml|x-yaml|yaml|javascript|typescript|sql|x-sh|x-latex|toml))/.test(mimeType) ||
  /\+(?:json|xml)$/.test(mimeType)

/** The texts that the uncompressed pages of a PDF show. */
const pagesOfPdf = (bytes: Uint8Array): ReadonlyArray<string> =>
  Array.from(
    Buffer.from(bytes).toString("latin1").matchAll(/stream\r?\n([\s\S]*?)endstream/g),
    ([, stream = ""]) =>
      Array.from(stream.matchAll(/\(((?:\\.|[^()\\])*)\)\s*Tj/g), ([, text = ""]) => text.replace(/\\(.)/g, "$1")).join(
        " "
      )
  )

/** The text by pages; `undefined` if none can be read. A form feed ends a page of plain text. */
const pagesOf = (bytes: Uint8Array, mimeType: string): ReadonlyArray<string> | undefined => {
  if (mimeType === "application/pdf") return pagesOfPdf(bytes)
  if (!isText(mimeType)) return undefined
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).split("\f")
  } catch {
    return undefined
  }
}

/** The passages of a document; `undefined` if its text cannot be read. */
export const passages = (
  bytes: Uint8Array,
  mimeType: string,
  { overlap, words }: Chunking
): ReadonlyArray<Passage> | undefined => {
  const pages = pagesOf(bytes, mimeType)
  const isPaged = mimeType === "application/pdf" || (pages?.length ?? 0) > 1
  return pages?.flatMap((page, index) => {
    const all = Array.from(page.matchAll(/\S+/g))
    const cut: Array<Passage> = []
    for (let from = 0; from < all.length; from += words - overlap) {
      const last = all[Math.min(from + words, all.length) - 1]
      const start = all[from]?.index ?? 0
      const end = last === undefined ? page.length : last.index + last[0].length
      // A passage is the text as it stands, with its lines.
      cut.push({ text: page.slice(start, end), ...(isPaged ? { page: index + 1 } : {}) })
      if (from + words >= all.length) break
    }
    return cut
  })
}

const wordsOf = (text: string): ReadonlyArray<string> => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []

/** How well a text fits a question: the letters of the question's words that it has, rare words for more than common ones. */
export const scorer = (question: string, texts: ReadonlyArray<string>): (text: string) => number => {
  const wanted = [...new Set(wordsOf(question))]
  const sets = texts.map((text) => new Set(wordsOf(text)))
  const weights = new Map(
    wanted.map((word) => [word, Math.log(1 + texts.length / (1 + sets.filter((set) => set.has(word)).length))])
  )
  return (text) => {
    const words = new Set(wordsOf(text))
    return wanted.reduce((sum, word) => words.has(word) ? sum + (weights.get(word) ?? 0) : sum, 0)
  }
}
