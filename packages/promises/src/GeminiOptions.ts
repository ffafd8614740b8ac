/**
 * The options of a client: the key, the address, quotas, deadlines and retries.
 *
 * @since 0.3.0
 */
import type * as FetchGemini from "effect-gemini/FetchGemini"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import type * as Layer from "effect/Layer"

/**
 * The argument of `new Gemini(…)`. Everything may be left out: key and address then come from the environment
 * (`GEMINI_API_KEY`, else `GOOGLE_API_KEY`; `GEMINI_BASE_URL`). Durations are texts like `"30 seconds"`, or milliseconds.
 *
 * @category options
 * @since 0.3.0
 */
export interface GeminiOptions extends Omit<GeminiConfig.Options, "apiKey" | "transformClient"> {
  /** The key, as text. No error and no log shows it. */
  readonly apiKey?: string | undefined
  /** The `fetch` that requests go through. Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * A layer of Effect's in place of all other options, such as `NodeGemini.layerHttp(…)`, or the emulator in memory.
   *
   * ```ts
   * import { Gemini } from "effect-gemini-promises"
   * import * as Emulator from "effect-gemini-emulator/Emulator"
   * import * as GeminiClient from "effect-gemini/GeminiClient"
   * import * as Layer from "effect/Layer"
   * import * as Redacted from "effect/Redacted"
   *
   * const client = GeminiClient.layer({ apiKey: Redacted.make("any"), baseUrl: "http://emulator.invalid" })
   * await using gemini = new Gemini({ layer: Layer.provide(client, Emulator.layerHttpClient()) })
   * console.log((await gemini.generate("Say hello")).text)
   * ```
   */
  readonly layer?: Layer.Layer<FetchGemini.Services, unknown> | undefined
}
