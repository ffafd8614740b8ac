/** OpenAI's Responses API as the wire of the suite, as Effect's own provider (4.0.0-beta.106) reads and writes it. */
import { joined, list, record, type Sent, type SentMessage, text } from "./Sent.ts"
import type { Wire } from "./Subject.ts"
import { type Answer, answerId, answerModel, finishOf, type Said, usage } from "./Turn.ts"

const item = (said: Said, index: number) =>
  "text" in said
    ? {
      type: "message",
      id: `msg_${index}`,
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: said.text, annotations: [] }]
    }
    : "reasoning" in said
    ? { type: "reasoning", id: `rs_${index}`, summary: [{ type: "summary_text", text: said.reasoning }] }
    : {
      type: "function_call",
      id: `fc_${index}`,
      call_id: said.id,
      name: said.call,
      arguments: JSON.stringify(said.params),
      status: "completed"
    }

const reasons: ReadonlyMap<string, string> = new Map([
  ["length", "max_output_tokens"],
  ["content-filter", "content_filter"]
])

const response = (answer: Answer) => {
  const reason = reasons.get(finishOf(answer))
  return {
    id: answerId,
    object: "response",
    model: answerModel,
    created_at: 0,
    status: reason === undefined ? "completed" : "incomplete",
    output: answer.says.map(item),
    incomplete_details: reason === undefined ? null : { reason },
    error: null,
    usage: {
      input_tokens: usage.input,
      output_tokens: usage.output,
      total_tokens: usage.input + usage.output,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 0 }
    }
  }
}

/** A text in two pieces. */
const halves = (text: string): ReadonlyArray<string> => {
  const letters = Array.from(text)
  const middle = Math.ceil(letters.length / 2)
  return [letters.slice(0, middle).join(""), letters.slice(middle).join("")].filter((half) => half !== "")
}

type Event = Readonly<Record<string, unknown>> & { readonly type: string }

const itemEvents = (said: Said, output_index: number): ReadonlyArray<Event> => {
  const done = item(said, output_index)
  const at = { item_id: done.id, output_index }
  const inside: ReadonlyArray<Event> = "text" in said
    ? halves(said.text).map((delta) => ({ type: "response.output_text.delta", ...at, content_index: 0, delta }))
    : "reasoning" in said
    ? [
      {
        type: "response.reasoning_summary_part.added",
        ...at,
        summary_index: 0,
        part: { type: "summary_text", text: "" }
      },
      ...halves(said.reasoning).map((delta) => ({
        type: "response.reasoning_summary_text.delta",
        ...at,
        summary_index: 0,
        delta
      })),
      {
        type: "response.reasoning_summary_part.done",
        ...at,
        summary_index: 0,
        part: { type: "summary_text", text: said.reasoning }
      }
    ]
    : [
      ...halves(JSON.stringify(said.params)).map((delta) => ({
        type: "response.function_call_arguments.delta",
        ...at,
        delta
      })),
      { type: "response.function_call_arguments.done", ...at, arguments: JSON.stringify(said.params) }
    ]
  const begun = "text" in said
    ? { ...done, content: [], status: "in_progress" }
    : "reasoning" in said
    ? { ...done, summary: [] }
    : { ...done, arguments: "", status: "in_progress" }
  return [
    { type: "response.output_item.added", output_index, item: begun },
    ...inside,
    { type: "response.output_item.done", output_index, item: done }
  ]
}

const events = (answer: Answer): string => {
  const whole = response(answer)
  const all: ReadonlyArray<Event> = [
    { type: "response.created", response: { ...whole, output: [], usage: null, incomplete_details: null } },
    ...answer.says.flatMap(itemEvents),
    { type: whole.status === "completed" ? "response.completed" : "response.incomplete", response: whole }
  ]
  return all.map((event, sequence_number) =>
    `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`
  ).join("")
}

/** The parts of a message that is text, or a list of parts. */
const partsOf = (content: unknown) => typeof content === "string" ? [{ type: "text", text: content }] : list(content)

const message = (entry: Readonly<Record<string, unknown>>): SentMessage | undefined => {
  const none = { texts: [], calls: [], results: [], files: 0 }
  switch (entry["type"]) {
    case "function_call": {
      const params: unknown = JSON.parse(text(entry["arguments"]))
      return {
        ...none,
        role: "assistant",
        calls: [{ id: text(entry["call_id"]), name: text(entry["name"]), params }]
      }
    }
    case "function_call_output":
      return { ...none, role: "user", results: [{ id: text(entry["call_id"]), value: json(entry["output"]) }] }
    case "reasoning":
    case "item_reference":
      return undefined
    default: {
      const parts = partsOf(entry["content"])
      return {
        ...none,
        role: entry["role"] === "assistant" ? "assistant" : "user",
        texts: parts.flatMap((part) => typeof part["text"] === "string" ? [part["text"]] : []),
        files: parts.filter(({ type }) => type === "input_image" || type === "input_file").length
      }
    }
  }
}

const json = (value: unknown): unknown => {
  if (typeof value !== "string") return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

const isSystem = ({ role }: Readonly<Record<string, unknown>>): boolean => role === "system" || role === "developer"

const read = (body: unknown): Sent => {
  const { input, instructions, text: format, tool_choice: choice, tools } = record(body)
  const entries = list(input)
  return {
    instructions: [
      text(instructions),
      ...entries.filter(isSystem).flatMap(({ content }) => partsOf(content).map((part) => text(part["text"])))
    ].filter((words) => words !== "").join("\n"),
    messages: joined(entries.filter((entry) => !isSystem(entry)).flatMap((entry) => message(entry) ?? [])),
    tools: list(tools).map(({ name }) => text(name)),
    choice: choice === undefined ? "auto" : typeof choice === "string" ? choice : text(record(choice)["name"]),
    hasSchema: record(record(format)["format"])["type"] === "json_schema"
  }
}

/** The wire of OpenAI. */
export const openAiWire: Wire = {
  whole: response,
  events,
  refusal: ({ words }) => ({ error: { message: words, type: "error", param: null, code: null } }),
  isStream: (_, body) => record(body)["stream"] === true,
  read
}
