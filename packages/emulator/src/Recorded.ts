/**
 * Recorded traffic as answers: a folder of JSON files, each of which holds one exchange.
 *
 * The form: `{ request: { method, path, body }, response: { status, headers, kind, … } }`, where `kind` says which
 * field holds the body: `json` → `body`, `sse` → `sse` (text, line ends as sent), `json-array-stream`, `html`, `text`
 * → `text`, `binary` → `base64`; `empty` means that there is none.
 *
 * The emulator judges a request before it looks for a recording, so one to a model that has since been retired needs a
 * model table that still has it, or `judge: false`.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import type * as Answer from "./Answer.ts"
import * as EmulatorRequest from "./EmulatorRequest.ts"
import * as Json from "./internal/json.ts"

/**
 * How requests find their recordings, and what happens to those that find none.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /**
   * What must be equal to the recording. `body`: method, model and body. `order`: only method and model, one recording
   * after the other, for clients whose bodies hold ids or times. Default `body`.
   */
  readonly match?: "body" | "order" | undefined
  /** Whether the last recording of equal requests is played again and again. Default false: each is played once. */
  readonly repeat?: boolean | undefined
  /**
   * Whether a request without a recording, or whose recordings were all played, is refused with a 501 that says so, or
   * answered by the generator. Default `refuse`.
   */
  readonly otherwise?: "refuse" | "generate" | undefined
}

/**
 * One recorded exchange: a request and its response.
 *
 * @category models
 * @since 0.1.0
 */
export interface Case {
  readonly request: { readonly method?: string; readonly path: string; readonly body?: unknown }
  readonly response: Readonly<Record<string, unknown>> & { readonly status: number }
}

/**
 * A folder cannot be read, or a file in it is not JSON.
 *
 * @category errors
 * @since 0.1.0
 */
export class RecordingError extends Data.TaggedError("RecordingError")<{
  readonly path: string
  readonly description: string
}> {
  override get message() {
    return `${this.path}: ${this.description}`
  }
}

/** Headers of the connection on which the exchange was recorded; they are not sent again. */
const hop = new Set(["content-length", "content-encoding", "transfer-encoding", "connection", "date", "alt-svc"])

const headersOf = (response: Case["response"]): Record<string, string> => {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(Object(response["headers"]))) {
    if (typeof value === "string" && !hop.has(name.toLowerCase())) headers[name.toLowerCase()] = value
  }
  headers["content-type"] ??= response["kind"] === "sse" ? "text/event-stream" : "application/json; charset=UTF-8"
  return headers
}

/** Splits the text into its events, so that it is sent as a stream. */
const events = (text: string): ReadonlyArray<string> => text.split(/(?<=\r\n\r\n|[^\r]\n\n)/)

const bodyOf = (response: Case["response"]): NonNullable<Answer.RawAnswer["body"]> => {
  switch (response["kind"]) {
    case "json":
      return `${JSON.stringify(response["body"], undefined, 2)}\n`
    case "sse":
      return events(Json.text(response["sse"]) ?? "")
    case "binary":
      return Uint8Array.from(atob(Json.text(response["base64"]) ?? ""), (letter) => letter.charCodeAt(0))
    default:
      return Json.text(response["text"]) ?? ""
  }
}

const answerOf = ({ response }: Case): Answer.Answer => ({
  raw: { status: response.status, headers: headersOf(response), body: bodyOf(response) }
})

const anyModel = "{model}"

/** One more than the number of spaces that can exist at one time. */
const mostSpaces = 10_001

const keyOf = (method: string, model: string | undefined, body: unknown, match: Options["match"]): string =>
  `${method}\n${model ?? ""}\n${match === "order" ? "" : Json.canonical(Json.normalized(body ?? {}))}`

/**
 * Recorded exchanges as answers. Equal requests get their recordings in order, each once in every space, or the last one
 * from then on.
 *
 * @example
 * ```ts
 * import * as Recorded from "effect-gemini-emulator/Recorded"
 * import * as Standalone from "effect-gemini-emulator/Standalone"
 *
 * const gemini = await Standalone.start({
 *   answers: Recorded.fromCases([{
 *     request: { method: "POST", path: "/v1beta/models/gemini-3.8-flash:generateContent", body: { contents: [] } },
 *     response: { status: 200, kind: "json", body: { candidates: [] } }
 *   }], { match: "order" })
 * })
 * await gemini.stop()
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromCases = (cases: Iterable<Case>, options: Options = {}): Answer.AnswerFunction => {
  const recordings = new Map<string, Array<Answer.Answer>>()
  for (const each of cases) {
    const { body, method = "POST", path } = each.request
    const routed = EmulatorRequest.route(method, path.split("?")[0] ?? "")
    // An exchange for which the emulator has no route is left out, because nobody can ask for it.
    if (routed === undefined) continue
    const key = keyOf(routed.method, routed.model, body, options.match)
    const list = recordings.get(key)
    if (list === undefined) recordings.set(key, [answerOf(each)])
    else list.push(answerOf(each))
  }
  // Where each space is in each list. There is room for as many spaces as can exist.
  const played = new Map<string, Map<string, number>>()
  const placesOf = (space: string) => {
    const known = played.get(space)
    if (known !== undefined) return known
    const [oldest] = played.keys()
    if (played.size >= mostSpaces && oldest !== undefined) played.delete(oldest)
    const made = new Map<string, number>()
    played.set(space, made)
    return made
  }
  return ({ body, method, model, space }) => {
    const own = keyOf(method, model, body, options.match)
    const key = recordings.has(own) ? own : keyOf(method, anyModel, body, options.match)
    const list = recordings.get(key) ?? []
    const places = placesOf(space)
    const place = places.get(key) ?? 0
    places.set(key, place + 1)
    const answer = list[options.repeat === true ? Math.min(place, list.length - 1) : place]
    if (answer !== undefined || options.otherwise === "generate") return answer
    const message = list.length === 0
      ? `The emulator has no recording of ${method} to ${model} with this body.`
      : `The emulator has played all ${list.length} of its recordings of ${method} to ${model} with this body. ` +
        "Set repeat = true to play the last one again."
    return { error: { code: 501, message } }
  }
}

const isCase = (value: unknown): value is Case =>
  Json.text(Json.at(value, "request", "path")) !== undefined &&
  Json.number(Json.at(value, "response", "status")) !== undefined

const read = async (path: string): Promise<ReadonlyArray<Case>> => {
  const value = Json.parse(await readFile(path, "utf8"))
  if (value === undefined) throw new RecordingError({ path, description: "not JSON" })
  // Other JSON files, such as an index, may lie beside and are ignored.
  return isCase(value) ? [value] : []
}

/**
 * Reads the exchanges of all `*.json` files in a folder and below, in the order of their paths. Fails with a
 * `RecordingError`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load = (folder: string, options: Options = {}): Effect.Effect<Answer.AnswerFunction, RecordingError> =>
  Effect.tryPromise({
    try: async () => {
      const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".json"))
      const cases: Array<Case> = []
      for (const name of names.toSorted()) cases.push(...await read(join(folder, name)))
      // A folder of the wrong name would otherwise be missed in silence.
      if (cases.length === 0) throw new RecordingError({ path: folder, description: "it holds no recorded exchange" })
      return fromCases(cases, options)
    },
    catch: (error) =>
      error instanceof RecordingError
        ? error
        : new RecordingError({ path: folder, description: error instanceof Error ? error.message : String(error) })
  })
