/** The estimated tokens of a request, by kind of content. */

/** What is estimated apart, because it may be estimated wrong apart. Those of `File` lie behind a URI. */
export type Kind = "text" | "image" | "audio" | "video" | "document" | Unseen
type Unseen = "audioFile" | "videoFile" | "documentFile" | "file" | "cache"

const unseen: ReadonlySet<Kind> = /* @__PURE__ */ new Set<Kind>([
  "audioFile",
  "videoFile",
  "documentFile",
  "file",
  "cache"
])

/** The tokens of a request by kind. Most requests are text alone. */
export class Tally {
  text = 0
  media: Map<Kind, number> | undefined = undefined

  add(kind: Kind, tokens: number): void {
    if (kind === "text") this.text += tokens
    else {
      this.media ??= new Map()
      this.media.set(kind, (this.media.get(kind) ?? 0) + tokens)
    }
  }

  get total(): number {
    let total = this.text
    if (this.media !== undefined) { for (const tokens of this.media.values()) total += tokens }
    return Math.max(1, Math.ceil(total))
  }

  /** Whether something in it lies on the server, so that its size is unknown here. */
  get isGuess(): boolean {
    return this.media !== undefined && [...this.media.keys()].some((kind) => unseen.has(kind))
  }
}

/** An estimate that can be corrected, or a count that is known. */
export type Estimate = Tally | number
