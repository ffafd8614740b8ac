/** The last texts of a stream, for the error of an interruption: at most 1 MiB of them. */
import * as Body from "../http/responseBody.ts"

const most = 1 << 20

/** What a text costs beside its characters. */
const each = 64

export class RecentTexts {
  #texts: Array<string> = []
  #length = 0
  #from = 0

  push(text: string): void {
    this.#texts.push(text)
    this.#length += text.length + each
    while (this.#length > most && this.#from < this.#texts.length) {
      this.#length -= (this.#texts[this.#from]?.length ?? 0) + each
      this.#texts[this.#from++] = ""
    }
    // Texts are taken off by half of the list, because taking them off one by one moves the others each time.
    if (this.#from > 1_024 && this.#from * 2 > this.#texts.length) {
      this.#texts = this.#texts.slice(this.#from)
      this.#from = 0
    }
  }

  get parsed(): ReadonlyArray<unknown> {
    return this.#texts.slice(this.#from).map(Body.parse)
  }
}
