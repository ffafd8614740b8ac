/**
 * A provider of a few lines over another API, as a second subject: what the suite says of it shows that no point is
 * Gemini's own. It does what the contract asks and nothing more, and its misses are those of most providers.
 */
import { openAiWire } from "effect-gemini-conformance/provider/OpenAiWire"
import { list, record, text } from "effect-gemini-conformance/provider/Sent"
import type { Subject } from "effect-gemini-conformance/provider/Subject"
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Model from "effect/ai/Model"
import type * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Telemetry from "effect/ai/Telemetry"
import * as Tool from "effect/ai/Tool"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const key = "the-key-of-the-plain-provider-000000"
const model = "plain-1"

type Json = Readonly<Record<string, unknown>>

const failed = (reason: AiError.AiErrorReason) => AiError.make({ module: "Plain", method: "ask", reason })

const refused = (status: number, words: string, retryAfter: string | undefined): AiError.AiErrorReason => {
  const description = words
  if (status === 401 || status === 403) return new AiError.AuthenticationError({ kind: "InvalidKey", description })
  if (status === 429) {
    return new AiError.RateLimitError({
      retryAfter: retryAfter === undefined ? undefined : Duration.seconds(Number(retryAfter))
    })
  }
  return status >= 500
    ? new AiError.InternalProviderError({ description })
    : new AiError.InvalidRequestError({ description })
}

const image = ({ data, mediaType }: Prompt.FilePart): Json => ({
  type: "input_image",
  image_url: data instanceof URL
    ? data.href
    : `data:${mediaType};base64,${typeof data === "string" ? data : Base64.encode(data)}`
})

const items = (message: Prompt.Message): ReadonlyArray<Json> => {
  switch (message.role) {
    case "system":
      return [{ role: "system", content: message.content }]
    case "user":
      return [{
        role: "user",
        content: message.content.map((part) =>
          part.type === "text" ? { type: "input_text", text: part.text } : image(part)
        )
      }]
    case "assistant":
      return message.content.flatMap((part): ReadonlyArray<Json> =>
        part.type === "text"
          ? [{ type: "message", role: "assistant", content: [{ type: "output_text", text: part.text }] }]
          : part.type === "tool-call"
          ? [{ type: "function_call", call_id: part.id, name: part.name, arguments: JSON.stringify(part.params) }]
          : []
      )
    case "tool":
      return message.content.flatMap((part) =>
        part.type === "tool-result"
          ? [{ type: "function_call_output", call_id: part.id, output: JSON.stringify(part.result) }]
          : []
      )
  }
}

const requestOf = (options: LanguageModel.ProviderOptions, stream: boolean): Json => {
  const { prompt, responseFormat, toolChoice, tools } = options
  return {
    model,
    stream,
    input: prompt.content.flatMap(items),
    ...(tools.length === 0 ? {} : {
      tools: tools.map((tool) => ({ type: "function", name: tool.name, parameters: Tool.getJsonSchema(tool) })),
      tool_choice: typeof toolChoice === "object" && "tool" in toolChoice
        ? { type: "function", name: toolChoice.tool }
        : toolChoice
    }),
    ...(responseFormat.type === "json"
      ? { text: { format: { type: "json_schema", name: responseFormat.objectName, schema: {} } } }
      : {})
  }
}

const finishOf = (response: Json, calls: boolean): Response.FinishReason => {
  const { reason } = record(response["incomplete_details"])
  return reason === "max_output_tokens"
    ? "length"
    : reason === "content_filter"
    ? "content-filter"
    : calls
    ? "tool-calls"
    : "stop"
}

const metadata = (response: Json): Response.ResponseMetadataPartEncoded => ({
  type: "response-metadata",
  id: text(response["id"]),
  modelId: text(response["model"])
})

const finish = (response: Json): Response.FinishPartEncoded => {
  const { input_tokens: input, output_tokens: output } = record(response["usage"])
  const total = { inputTokens: Number(input), outputTokens: Number(output) }
  return {
    type: "finish",
    reason: finishOf(response, list(response["output"]).some(({ type }) => type === "function_call")),
    usage: {
      inputTokens: { total: total.inputTokens, uncached: total.inputTokens, cacheRead: 0, cacheWrite: undefined },
      outputTokens: { total: total.outputTokens, text: total.outputTokens, reasoning: 0 }
    }
  }
}

const summaryOf = (item: Json): string => list(item["summary"]).map((part) => text(part["text"])).join("")

const wholeParts = (response: Json): Array<Response.PartEncoded> => [
  metadata(response),
  ...list(response["output"]).flatMap((item): ReadonlyArray<Response.PartEncoded> => {
    switch (item["type"]) {
      case "message":
        return list(item["content"]).map((part) => ({ type: "text", text: text(part["text"]) }))
      case "reasoning":
        return [{ type: "reasoning", text: summaryOf(item) }]
      default:
        return [{
          type: "tool-call",
          id: text(item["call_id"]),
          name: text(item["name"]),
          params: JSON.parse(text(item["arguments"]))
        }]
    }
  }),
  finish(response)
]

/** The parts of one event. */
const eventParts = (event: Json): ReadonlyArray<Response.StreamPartEncoded> => {
  const item = record(event["item"])
  const [id, delta] = [text(event["item_id"]), text(event["delta"])]
  const isCall = item["type"] === "function_call"
  const called = text(item["call_id"])
  switch (event["type"]) {
    case "response.created":
      return [metadata(record(event["response"]))]
    case "response.output_item.added":
      return isCall
        ? [{ type: "tool-params-start", id: called, name: text(item["name"]) }]
        : [{ type: item["type"] === "reasoning" ? "reasoning-start" : "text-start", id: text(item["id"]) }]
    case "response.output_text.delta":
      return [{ type: "text-delta", id, delta }]
    case "response.reasoning_summary_text.delta":
      return [{ type: "reasoning-delta", id, delta }]
    case "response.output_item.done":
      return isCall
        ? [
          // The item has the arguments whole, so that the ids of items need not be kept.
          { type: "tool-params-delta", id: called, delta: text(item["arguments"]) },
          { type: "tool-params-end", id: called },
          {
            type: "tool-call",
            id: called,
            name: text(item["name"]),
            params: JSON.parse(text(item["arguments"]))
          }
        ]
        : [{ type: item["type"] === "reasoning" ? "reasoning-end" : "text-end", id: text(item["id"]) }]
    case "response.completed":
    case "response.incomplete":
      return [finish(record(event["response"]))]
    default:
      return []
  }
}

const invalid = (description: string) => failed(new AiError.InvalidResponseError({ description }))

const make = Effect.gen(function*() {
  const client = yield* HttpClient.HttpClient
  const send = (options: LanguageModel.ProviderOptions, stream: boolean) =>
    Effect.gen(function*() {
      const response = yield* client.execute(
        HttpClientRequest.post("https://plain.example/v1/responses").pipe(
          HttpClientRequest.bearerToken(Redacted.make(key)),
          HttpClientRequest.bodyJsonUnsafe(requestOf(options, stream))
        )
      )
      const said = yield* response.text
      if (response.status === 200) return said
      const words = text(record(record(JSON.parse(said))["error"])["message"])
      return yield* failed(refused(response.status, words, response.headers["retry-after"]))
    }).pipe(
      Effect.catchTag("HttpClientError", () => Effect.fail(invalid("no answer")))
    )
  const read = <A>(read: () => A): Effect.Effect<A, AiError.AiError> =>
    Effect.try({ try: read, catch: () => invalid("not an answer of this API") })

  return yield* LanguageModel.make({
    generateText: (options) =>
      Effect.flatMap(send(options, false), (said) => read(() => wholeParts(record(JSON.parse(said))))).pipe(
        Effect.tap((parts) => {
          const end = parts.find((part) => part.type === "finish")
          return Effect.sync(() =>
            Telemetry.addGenAIAnnotations(options.span, {
              operation: { name: "chat" },
              request: { model },
              usage: {
                inputTokens: end?.usage.inputTokens.total,
                outputTokens: end?.usage.outputTokens.total
              }
            })
          )
        })
      ),
    streamText: (options) =>
      Stream.unwrap(Effect.map(
        Effect.flatMap(send(options, true), (said) =>
          read(() =>
            said.split("\n\n").flatMap((event) => {
              const at = event.indexOf("data: ")
              return at < 0 ? [] : eventParts(record(JSON.parse(event.slice(at + 6))))
            })
          )),
        (parts) =>
          Stream.concat(
            Stream.fromIterable(parts),
            parts.at(-1)?.type === "finish" ? Stream.empty : Stream.fail(invalid("the stream broke off"))
          )
      ))
  })
})

export const plain: Subject = {
  name: "plain",
  key,
  wire: openAiWire,
  layer: Model.make("plain", model, Layer.effect(LanguageModel.LanguageModel, make)),
  misses: {
    "a call of no tool is named": "it does not look whether a tool was offered",
    "a streamed call of no tool is named": "it does not look whether a tool was offered",
    "a result is told as its schema encodes it": "it writes the result with JSON.stringify",
    "a call that nobody answered has a result all the same": "it sends what there is",
    "an object that was blocked is not worth another try": "it leaves the judgement to effect/ai",
    "an object that was cut is not worth another try": "it leaves the judgement to effect/ai",
    "arguments that do not fit are so, too, where nobody runs them": "effect/ai names no tool there, see docs/upstream"
  }
}
