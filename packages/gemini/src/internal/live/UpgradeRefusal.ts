/** An upgrade that was answered with a status other than 101, and what the server said to it. */
import * as ErrorWords from "../http/errorWords.ts"
import type { ConnectionEnd } from "./close.ts"

/** The answer, as `ws` hands it over. */
export interface Response {
  readonly statusCode?: number | undefined
  on(event: "data", listener: (data: Uint8Array) => void): void
  on(event: "close" | "error", listener: () => void): void
  destroy(): void
}

/** How many bytes of the body are read. Google's errors have some hundreds. */
const limit = 1 << 14

export class UpgradeRefusal {
  readonly #status: number
  readonly #key: string
  #text = ""

  /** Reads the body, within its bound, and then calls back. */
  constructor(response: Response, key: string, over: () => void) {
    this.#status = response.statusCode ?? 0
    this.#key = key
    const decoder = new TextDecoder()
    let bytes = 0
    response.on("data", (data) => {
      bytes += data.length
      this.#text += decoder.decode(data, { stream: true })
      if (bytes >= limit) response.destroy()
    })
    response.on("error", over)
    response.on("close", over)
  }

  /** How the connection ended, by what was said so far. */
  get ending(): ConnectionEnd {
    const description = ErrorWords.of(this.#text.slice(0, limit), this.#key)
    return { _tag: "Refused", status: this.#status, ...(description === undefined ? {} : { description }) }
  }
}
