/**
 * What the model says, as the steps of an interaction: thoughts, searches, calls and output, with the places that the
 * output cites.
 */
import * as Signature from "../answers/signature.ts"
import type * as Utterance from "../answers/Utterance.ts"
import type * as Dice from "../Dice.ts"
import * as Json from "../json.ts"

type Steps = ReadonlyArray<Json.Json>

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

export const idOf = (dice: Dice.Dice): string => dice.letters(8, alphabet)

const isWords = (part: Json.Json): boolean => part["thought"] !== true && typeof part["text"] === "string"

const media = (part: Json.Json): Json.Json | undefined => {
  const mimeType = Json.text(Json.at(part, "inlineData", "mimeType"))
  if (mimeType === undefined) return undefined
  const kind = mimeType.split("/")[0] ?? ""
  const type = ["image", "audio", "video"].includes(kind) ? kind : "document"
  // The API's own name for raw samples, whose rate and channels are fields of their own.
  const rate = /^audio\/L16/i.test(mimeType) ? { sample_rate: 24_000, channels: 1 } : {}
  return {
    type,
    mime_type: mimeType.toLowerCase().replace(/;.*$/, ""),
    data: Json.at(part, "inlineData", "data"),
    ...rate
  }
}

/** What a passage cites, by the kind of its source. */
const citation = (chunk: unknown, segment: unknown): Json.Json => {
  const place = {
    start_index: Json.number(Json.at(segment, "startIndex")) ?? 0,
    end_index: Json.number(Json.at(segment, "endIndex")) ?? 0
  }
  const web = Json.at(chunk, "web")
  if (web !== undefined) {
    return { type: "url_citation", url: Json.at(web, "uri"), title: Json.at(web, "title"), ...place }
  }
  const maps = Json.at(chunk, "maps")
  if (maps !== undefined) {
    return {
      type: "place_citation",
      place_id: Json.at(maps, "placeId"),
      name: Json.at(maps, "title"),
      url: Json.at(maps, "uri"),
      ...place
    }
  }
  const document = Json.at(chunk, "retrievedContext")
  const page = Json.number(Json.at(document, "pageNumber"))
  return {
    type: "file_citation",
    file_name: Json.at(document, "title"),
    source: Json.at(document, "text"),
    document_uri: Json.at(document, "fileSearchStore"),
    ...(page === undefined ? {} : { page_number: page }),
    ...place
  }
}

/** The annotations of a text, by `groundingMetadata`. */
export const annotationsOf = (grounding: unknown): Steps => {
  const chunks = Json.list(Json.at(grounding, "groundingChunks"))
  return Json.list(Json.at(grounding, "groundingSupports")).flatMap((support) =>
    Json.list(Json.at(support, "groundingChunkIndices")).flatMap((index) => {
      const chunk = chunks[Number(index)]
      return chunk === undefined ? [] : [citation(chunk, Json.at(support, "segment"))]
    })
  )
}

/** A call of a server-side tool, and its result. */
export const pair = (tool: string, call: Json.Json, result: unknown, dice: Dice.Dice): Steps => {
  const id = idOf(dice)
  const { arguments: args, ...more } = call
  // Steps of MCP servers are neither signed nor marked as errors in the typings.
  const signed = () => tool === "mcp_server_tool" ? {} : { signature: Signature.issue(dice) }
  const hasError = !["file_search", "google_maps", "mcp_server_tool"].includes(tool)
  return [
    {
      type: `${tool}_call`,
      id,
      ...(args === undefined ? {} : { arguments: args }),
      ...more,
      ...signed()
    },
    {
      type: `${tool}_result`,
      call_id: id,
      ...(result === undefined ? {} : { result }),
      ...(hasError ? { is_error: false } : {}),
      ...signed()
    }
  ]
}

/** What was looked up before the model spoke. */
const lookups = (extra: Json.Json, dice: Dice.Dice): Steps => {
  const grounding = extra["groundingMetadata"]
  const queries = Json.list(Json.at(grounding, "webSearchQueries"))
  const chunks = Json.list(Json.at(grounding, "groundingChunks"))
  const suggestions = Json.at(grounding, "searchEntryPoint", "renderedContent")
  const places = chunks.flatMap((chunk) => Json.at(chunk, "maps") ?? [])
  const urls = Json.list(Json.at(extra, "urlContextMetadata", "urlMetadata")).map((one) => Json.at(one, "retrievedUrl"))
  return [
    ...(queries.length === 0 ? [] : pair(
      "google_search",
      { arguments: { queries }, search_type: "web_search" },
      [{ search_suggestions: suggestions }],
      dice
    )),
    ...(places.length === 0 ? [] : pair(
      "google_maps",
      { arguments: { queries: places.map((place) => Json.at(place, "title")) } },
      [{
        places: places.map((place) => ({
          name: Json.at(place, "title"),
          place_id: Json.at(place, "placeId"),
          url: Json.at(place, "uri")
        }))
      }],
      dice
    )),
    ...(chunks.some((chunk) => Json.at(chunk, "retrievedContext") !== undefined)
      ? pair("file_search", {}, undefined, dice)
      : []),
    ...(urls.length === 0 ? [] : pair(
      "url_context",
      { arguments: { urls } },
      urls.map((url) => ({ url, status: "success" })),
      dice
    ))
  ]
}

/** The steps of one turn of the model. */
export const make = (turn: Utterance.Utterance, dice: Dice.Dice): Steps => {
  const steps: Array<Json.Json> = []
  const thoughts = turn.parts.flatMap((part) => part["thought"] === true ? Json.text(part["text"]) ?? [] : [])
  const signature = turn.signature ?? (turn.thoughtTokens > 0 ? Signature.issue(dice) : undefined)
  if (thoughts.length > 0 || signature !== undefined) {
    steps.push({
      type: "thought",
      ...(thoughts.length === 0 ? {} : { summary: thoughts.map((text) => ({ type: "text", text })) }),
      ...(signature === undefined ? {} : { signature })
    })
  }
  steps.push(...lookups(turn.extra, dice))
  const annotations = annotationsOf(turn.extra["groundingMetadata"])
  let isCited = annotations.length === 0
  let output: Array<Json.Json> = []
  const flush = () => {
    if (output.length > 0) steps.push({ type: "model_output", content: output })
    output = []
  }
  let codeId = ""
  for (const part of turn.parts) {
    const call = Json.at(part, "functionCall")
    const code = Json.at(part, "executableCode")
    const ran = Json.at(part, "codeExecutionResult")
    const picture = media(part)
    if (isWords(part)) {
      output.push({ type: "text", text: part["text"], ...(isCited ? {} : { annotations }) })
      isCited = true
    } else if (picture !== undefined) {
      output.push(picture)
    } else if (call !== undefined) {
      flush()
      steps.push({
        type: "function_call",
        id: Json.text(Json.at(call, "id")) ?? idOf(dice),
        name: Json.at(call, "name"),
        arguments: Json.at(call, "args") ?? {}
      })
    } else if (code !== undefined) {
      flush()
      codeId = idOf(dice)
      const args = { code: Json.at(code, "code"), language: "python" }
      steps.push({ type: "code_execution_call", id: codeId, arguments: args, signature: Signature.issue(dice) })
    } else if (ran !== undefined) {
      flush()
      steps.push({
        type: "code_execution_result",
        call_id: codeId,
        result: Json.at(ran, "output") ?? "",
        is_error: false,
        signature: Signature.issue(dice)
      })
    }
  }
  flush()
  return steps
}
