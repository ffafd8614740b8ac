/** What a recorded response says, in the fields of a reply. What they cannot say is kept as the bytes that came. */
import * as Candidate from "effect-gemini/wire/Candidate"
import * as Result from "effect/Result"
import type * as Recording from "../../cassettes/Recording.ts"
import type * as Reply from "../../Reply.ts"
import * as Json from "../json.ts"
import * as Tape from "./Tape.ts"
import * as TomlText from "./tomlText.ts"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

/** The values of a body: of a JSON document, of a list of them, or of server-sent events; as far as they came. */
const valuesOf = (text: string, type: string): ReadonlyArray<Json.Json> => {
  const whole = Json.parse(text)
  const values = type.includes("event-stream")
    ? text.split(/\r\n\r\n|\n\n/).flatMap((event) => {
      const data = event.split(/\r?\n/).flatMap((line) => line.startsWith("data:") ? line.slice(5) : []).join("\n")
      return data === "" ? [] : [Json.parse(data)]
    })
    : Array.isArray(whole)
    ? whole
    : [whole]
  return values.filter(Json.isObject)
}

/** Whether a part says nothing that a reply has no field for. */
const isPlain = (part: unknown): boolean => {
  if (!Json.isObject(part)) return false
  const { functionCall, text, thought: _1, thoughtSignature: _2, ...rest } = part
  return Object.keys(rest).length === 0 &&
    (typeof text === "string" || Json.isObject(functionCall) || part["thoughtSignature"] !== undefined)
}

/** Fields of a candidate and of a response that the emulator makes itself. */
const own: ReadonlySet<string> = new Set([
  "content",
  "finishReason",
  "index",
  "avgLogprobs",
  "safetyRatings",
  "tokenCount"
])
const ownOfResponse: ReadonlySet<string> = new Set([
  "candidates",
  "usageMetadata",
  "modelVersion",
  "responseId",
  "createTime",
  "modelStatus"
])

/** Undefined: there is something in it that the fields cannot say. */
const spoken = (values: ReadonlyArray<Json.Json>): Reply.Reply | undefined => {
  const reply: Mutable<Reply.Reply> = {}
  const calls: Array<{ readonly name: string; readonly args: Json.Json }> = []
  let text = ""
  let thoughts = ""
  for (const value of values.map((each) => Json.normalized(each))) {
    if (!Json.isObject(value) || Object.keys(value).some((name) => !ownOfResponse.has(name))) return undefined
    const candidates = Json.list(value["candidates"])
    if (candidates.length > 1) return undefined
    const [candidate = {}] = candidates
    if (!Json.isObject(candidate) || Object.keys(candidate).some((name) => !own.has(name))) return undefined
    for (const part of Json.list(Json.at(candidate, "content", "parts"))) {
      if (!isPlain(part)) return undefined
      const said = Json.text(Json.at(part, "text")) ?? ""
      if (Json.at(part, "thought") === true) thoughts += said
      else text += said
      const call = Json.at(part, "functionCall")
      if (call === undefined) continue
      const { args = {}, name, ...rest } = Object(call)
      // Arguments that came in pieces are put together by nobody here.
      if (typeof name !== "string" || Object.keys(rest).some((each) => each !== "id")) return undefined
      calls.push({ name, args })
    }
    const reason = Json.text(candidate["finishReason"])
    if (reason !== undefined && reason !== "STOP") reply.finishReason = reason
    if (reason !== undefined && Candidate.finishKind(reason) === "unknown") reply.invalid = true
  }
  if (text !== "") reply.text = text
  if (thoughts !== "") reply.thoughts = thoughts
  if (calls.length > 0) reply.calls = calls
  return reply
}

/** A text that would be read as a template. */
const isTemplate = (value: unknown): boolean => JSON.stringify(value).includes("{{")

/** What a stream is that ended before its end. */
const faultOf = ({ end }: Recording.Http["response"], count: number): Reply.Reply["fault"] =>
  end === "cut" ? { cut: { chunks: count } } : end === "reset" ? { reset: { chunks: count } } : undefined

/** A reply, or why there is none. */
export const of = (file: string, response: Recording.Http["response"]): Result.Result<string | Reply.Reply, string> => {
  const bytes = Buffer.concat(response.chunks.map(([, piece]) => Tape.bytesOf(file, piece)))
  const text = bytes.toString("utf8")
  const { status = 200, headers } = response
  const type = headers["content-type"] ?? ""
  const raw = (): Result.Result<Reply.Reply, string> =>
    Buffer.from(text).equals(bytes)
      ? Result.succeed({ raw: { status, headers: { "content-type": type }, body: text } })
      : Result.fail("its answer is not text")
  const values = valuesOf(text, type)
  if (status >= 400) {
    const error = Json.at(values[0], "error")
    const { code, details, message, status: name, ...rest } = Object(error)
    const isUsual = typeof code === "number" && typeof message === "string" && Object.keys(rest).length === 0 &&
      TomlText.canSay(error)
    return isUsual
      ? Result.succeed({
        error: {
          code,
          message,
          ...(name === undefined ? {} : { status: name }),
          ...(details === undefined ? {} : { details })
        }
      })
      : raw()
  }
  if (values.length === 0) return raw()
  const fault = faultOf(response, values.length)
  const isSpoken = values.some((value) => value["candidates"] !== undefined)
  const reply = isSpoken ? spoken(values) : undefined
  const whole = (): Reply.Reply =>
    values.length === 1 && !type.includes("event-stream") ? { response: values[0] } : { chunks: values }
  const made = reply === undefined || isTemplate(reply) || Object.keys(reply).length === 0 ? whole() : reply
  if (!TomlText.canSay(made)) return raw()
  if (fault !== undefined) return Result.succeed({ ...made, fault })
  return Result.succeed(Object.keys(made).length === 1 && made.text !== undefined ? made.text : made)
}
