/** What the status line says of a transfer: a bar, how much of how much, and how fast. Pure. */
import { cleanLine } from "./Shown.ts"

/** `1234567` becomes `1.2 MB`. */
export const bytes = (count: number): string => {
  let size = count
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (size < 1000 || unit === "GB") return `${size < 10 && unit !== "B" ? size.toFixed(1) : Math.round(size)} ${unit}`
    size /= 1000
  }
  return ""
}

const width = 24

export class UploadBar {
  readonly #name: string
  readonly #from: number
  #begun: number | undefined
  #done = 0
  #size: number | undefined

  /** `now` in milliseconds. */
  constructor(name: string, now: number) {
    this.#name = cleanLine(name)
    this.#from = now
  }

  /** Says how many bytes are done, of how many if that is known. */
  on(done: number, size: number | undefined): void {
    // What another run has sent says nothing of the speed of this one.
    this.#begun ??= done
    this.#done = done
    this.#size = size
  }

  line(now: number): string {
    const seconds = (now - this.#from) / 1000
    const speed = seconds > 0 ? ` · ${bytes((this.#done - (this.#begun ?? 0)) / seconds)}/s` : ""
    if (this.#size === undefined) return `${this.#name} ${bytes(this.#done)}${speed}`
    const share = this.#size === 0 ? 1 : Math.min(1, this.#done / this.#size)
    const full = Math.floor(share * width)
    const bar = "█".repeat(full) + "░".repeat(width - full)
    return `${this.#name} ${bar} ${Math.floor(share * 100)} % · ${bytes(this.#done)} of ${bytes(this.#size)}${speed}`
  }
}
