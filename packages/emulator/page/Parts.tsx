/** Parts of a turn: words, thoughts, calls with their results, media. All that was said is text and nothing else. */
import type { ComponentChildren } from "preact"
import * as Json from "../src/internal/json.ts"
import { Media } from "./Media.tsx"
import * as Shown from "./Shown.ts"

/** A part, with its texts joined to those before it where a stream has cut them. */
export const joined = (parts: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  const out: Array<unknown> = []
  for (const part of parts) {
    const last = out.at(-1)
    const text = Json.text(Json.at(part, "text"))
    const before = Json.text(Json.at(last, "text"))
    const isSame = Json.at(part, "thought") === Json.at(last, "thought")
    if (text !== undefined && before !== undefined && isSame && Json.isObject(last)) {
      out[out.length - 1] = { ...last, text: before + text }
    } else out.push(part)
  }
  return out
}

/** The parts of an answer: of its first candidate, over all events of a stream. */
export const answered = (response: unknown): ReadonlyArray<unknown> =>
  joined(
    (Array.isArray(response) ? response : [response]).flatMap((event) =>
      Json.list(Json.at(Json.list(Json.at(event, "candidates"))[0], "content", "parts"))
    )
  )

const member = (part: unknown, camel: string, snake: string): unknown => Json.at(part, camel) ?? Json.at(part, snake)

const Call = ({ call, children }: { readonly call: unknown; readonly children?: ComponentChildren }) => (
  <div class="tool">
    <b>{Json.text(Json.at(call, "name")) ?? "a function"}</b>
    <pre tabIndex={0}>{Shown.json(Json.at(call, "args") ?? {})}</pre>
    {children}
  </div>
)

const Part = ({ part, results }: { readonly part: unknown; readonly results: ReadonlyArray<unknown> }) => {
  const text = Json.text(Json.at(part, "text"))
  if (text !== undefined) {
    return Json.at(part, "thought") === true
      ? (
        <details class="thought">
          <summary>Thought</summary>
          <p class="words">{text}</p>
        </details>
      )
      : <p class="words">{Shown.json(text)}</p>
  }
  const call = member(part, "functionCall", "function_call")
  if (call !== undefined) {
    return (
      <Call call={call}>
        {results.map((result, i) => (
          <div class="result" key={i}>
            <span class="quiet">gave</span>
            <pre tabIndex={0}>{Shown.json(Json.at(result, "response"))}</pre>
          </div>
        ))}
      </Call>
    )
  }
  const media = member(part, "inlineData", "inline_data")
  const mimeType = Json.text(member(media, "mimeType", "mime_type"))
  const data = Json.text(Json.at(media, "data"))
  if (mimeType !== undefined && data !== undefined) return <Media mimeType={mimeType} data={data} />
  const response = member(part, "functionResponse", "function_response")
  return <pre tabIndex={0}>{Shown.json(response ?? part)}</pre>
}

export const Parts = (
  { parts, resultsOf = () => [] }: {
    readonly parts: ReadonlyArray<unknown>
    readonly resultsOf?: (call: unknown) => ReadonlyArray<unknown>
  }
) => (
  <>
    {parts.map((part, i) => {
      const call = member(part, "functionCall", "function_call")
      return <Part key={i} part={part} results={call === undefined ? [] : resultsOf(call)} />
    })}
  </>
)

/** The turns of a request, with its system instruction before them. */
export const contentsOf = (body: unknown, withSystem = true): ReadonlyArray<unknown> => {
  const system = Json.at(body, "systemInstruction") ?? Json.at(body, "system_instruction")
  const contents = Json.at(body, "contents")
  const turns = Array.isArray(contents) ? contents : contents === undefined ? [] : [contents]
  return [...(withSystem && Json.isObject(system) ? [{ ...system, role: "system" }] : []), ...turns]
}

const responsesOf = (content: unknown): ReadonlyArray<unknown> =>
  Json.list(Json.at(content, "parts")).flatMap((part) => member(part, "functionResponse", "function_response") ?? [])

/**
 * The turns of a request, or a stretch of them. The results of tools stand below the calls that they answer, so that a turn
 * reads as a tree.
 */
export const Conversation = (
  { contents, from = 0, until = contents.length }: {
    readonly contents: ReadonlyArray<unknown>
    readonly from?: number
    readonly until?: number
  }
) => (
  <ol class="turns">
    {contents.map((content, i) => {
      if (i < from || i >= until) return null
      const parts = joined(Json.list(Json.at(content, "parts")))
      const role = Json.text(Json.at(content, "role")) ?? "user"
      const before = i > from ? Json.list(Json.at(contents[i - 1], "parts")) : []
      const hasCalls = before.some((part) => member(part, "functionCall", "function_call") !== undefined)
      // They are shown below their calls already.
      const own = hasCalls
        ? parts.filter((part) => member(part, "functionResponse", "function_response") === undefined)
        : parts
      const next = i + 1 < until ? responsesOf(contents[i + 1]) : []
      const taken = new Set<unknown>()
      const resultsOf = (call: unknown): ReadonlyArray<unknown> => {
        const id = Json.at(call, "id")
        const found = next.find((each) =>
          !taken.has(each) &&
          (id !== undefined ? Json.at(each, "id") === id : Json.at(each, "name") === Json.at(call, "name"))
        )
        if (found === undefined) return []
        taken.add(found)
        return [found]
      }
      if (own.length === 0) return null
      return (
        <li class={role === "model" ? "model" : "user"} key={i}>
          <span class="role">{role}</span>
          <Parts parts={own} resultsOf={resultsOf} />
        </li>
      )
    })}
  </ol>
)
