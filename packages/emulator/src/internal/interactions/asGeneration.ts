/**
 * An interaction's request as the generation that asks for the same: its steps as contents, its tools and settings in the
 * names of `generateContent`. Rules, the generator, quotas and the judge of meanings see this form.
 */
import * as Json from "../json.ts"

type Steps = ReadonlyArray<unknown>

const drop = (value: Json.Json): Json.Json =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined))

const part = (content: unknown): Json.Json => {
  const text = Json.text(Json.at(content, "text"))
  if (text !== undefined) return { text }
  const mimeType = Json.text(Json.at(content, "mime_type")) ?? `${Json.text(Json.at(content, "type")) ?? ""}/*`
  const data = Json.text(Json.at(content, "data"))
  return data === undefined
    ? { fileData: { mimeType, fileUri: Json.text(Json.at(content, "uri")) } }
    : { inlineData: { mimeType, data } }
}

const textsOf = (contents: unknown): string =>
  Json.list(contents).flatMap((content) => Json.text(Json.at(content, "text")) ?? []).join("\n")

/** What a function has returned. A text that is a JSON object counts as that object: SDKs send results in this form. */
const response = (result: unknown): Json.Json => {
  if (Json.isObject(result)) return result
  if (Array.isArray(result)) return { output: textsOf(result) }
  const parsed = typeof result === "string" && result.startsWith("{") ? Json.parse(result) : undefined
  return Json.isObject(parsed) ? parsed : { output: result }
}

/** The input as steps: a text and contents are the user's. */
export const stepsOf = (input: unknown): ReadonlyArray<Json.Json> => {
  if (input === undefined) return []
  if (typeof input === "string") return [{ type: "user_input", content: [{ type: "text", text: input }] }]
  const given = Array.isArray(input) ? input : [input]
  const isStep = (each: unknown) => {
    const type = Json.text(Json.at(each, "type")) ?? ""
    return /^(?:user_input|model_output|thought)$|_(?:call|result)$/.test(type)
  }
  return given.some((each) => !isStep(each))
    ? [{ type: "user_input", content: given }]
    : given.filter(Json.isObject)
}

interface Place {
  readonly role: "user" | "model"
  readonly part: Json.Json
}

/** The contents of a timeline. Steps of server-side tools leave nothing that a client must answer, so they are left out. */
export const contentsOf = (steps: Steps): ReadonlyArray<Json.Json> => {
  const names = new Map<string, string>()
  const places: Array<Place> = []
  let signature: string | undefined
  const result = (step: unknown) => {
    const id = Json.text(Json.at(step, "call_id")) ?? ""
    const name = Json.text(Json.at(step, "name")) ?? names.get(id) ?? ""
    const given = Json.at(step, "result")
    const media = Json.list(given).filter((content) => Json.at(content, "text") === undefined).map(part)
    const functionResponse = drop({
      id,
      name,
      response: response(given),
      parts: media.length === 0 ? undefined : media
    })
    places.push({ role: "user", part: { functionResponse } })
  }
  for (const step of steps) {
    switch (Json.at(step, "type")) {
      case "user_input":
        signature = undefined
        for (const content of Json.list(Json.at(step, "content"))) {
          if (Json.at(content, "type") === "function_result") result(content)
          else places.push({ role: "user", part: part(content) })
        }
        break
      case "model_output":
        for (const content of Json.list(Json.at(step, "content"))) places.push({ role: "model", part: part(content) })
        break
      case "thought": {
        signature = Json.text(Json.at(step, "signature")) || undefined
        const text = textsOf(Json.at(step, "summary"))
        if (text !== "") places.push({ role: "model", part: { text, thought: true } })
        break
      }
      case "function_call": {
        const name = Json.text(Json.at(step, "name")) ?? ""
        const id = Json.text(Json.at(step, "id")) ?? ""
        names.set(id, name)
        const thoughtSignature = Json.text(Json.at(step, "signature")) ?? signature
        // One signature is for all parallel calls, and stands at the first of them.
        signature = undefined
        const functionCall = { id, name, args: Json.at(step, "arguments") ?? {} }
        places.push({ role: "model", part: drop({ functionCall, thoughtSignature }) })
        break
      }
      case "function_result":
        result(step)
        break
    }
  }
  const contents: Array<{ readonly role: string; readonly parts: Array<Json.Json> }> = []
  for (const { part, role } of places) {
    const last = contents.at(-1)
    if (last?.role === role) last.parts.push(part)
    else contents.push({ role, parts: [part] })
  }
  return contents
}

const toolOf = (tool: unknown): Json.Json => {
  switch (Json.at(tool, "type")) {
    case "google_search":
      return { googleSearch: {} }
    case "code_execution":
      return { codeExecution: {} }
    case "url_context":
      return { urlContext: {} }
    case "google_maps":
      return { googleMaps: {} }
    case "file_search":
      return {
        fileSearch: drop({
          fileSearchStoreNames: Json.at(tool, "file_search_store_names"),
          topK: Json.at(tool, "top_k"),
          metadataFilter: Json.at(tool, "metadata_filter")
        })
      }
    case "computer_use":
      return { computerUse: {} }
    case "mcp_server":
      return { mcpServers: [drop({ name: Json.at(tool, "name") })] }
    default:
      return { retrieval: {} }
  }
}

const toolsOf = (tools: Steps): ReadonlyArray<Json.Json> => {
  const declared = tools.filter((tool) => Json.at(tool, "type") === "function").map((tool) =>
    drop({
      name: Json.at(tool, "name"),
      description: Json.at(tool, "description"),
      parametersJsonSchema: Json.at(tool, "parameters")
    })
  )
  const others = tools.filter((tool) => Json.at(tool, "type") !== "function").map(toolOf)
  return [...(declared.length === 0 ? [] : [{ functionDeclarations: declared }]), ...others]
}

const toolConfigOf = (choice: unknown): Json.Json | undefined => {
  const allowed = Json.at(choice, "allowed_tools")
  const mode = Json.text(choice) ?? Json.text(Json.at(allowed, "mode"))
  const names = Json.at(allowed, "tools")
  if (mode === undefined && names === undefined) return undefined
  return {
    functionCallingConfig: drop({ mode: (mode ?? "auto").toUpperCase(), allowedFunctionNames: names })
  }
}

/** What the answer must look like: a JSON Schema, a MIME type, and the kinds of media. */
const formatOf = (body: Json.Json): Json.Json => {
  const { response_format: given } = body
  const formats = given === undefined ? [] : Array.isArray(given) ? given : [given]
  const text = formats.find((each) => Json.at(each, "type") === "text")
  const bare = formats.find((each) => !["text", "image", "audio", "video"].includes(String(Json.at(each, "type"))))
  const media = formats.flatMap((each) => {
    const type = Json.text(Json.at(each, "type")) ?? ""
    return ["image", "audio", "video"].includes(type) ? [type] : []
  })
  const asked = Json.list(body["response_modalities"]).map(String)
  const kinds = new Set([...asked, ...(media.length > 0 && text !== undefined ? ["text"] : []), ...media])
  const schema = Json.at(text, "schema") ?? bare
  const image = formats.find((each) => Json.at(each, "type") === "image")
  const aspectRatio = Json.at(image, "aspect_ratio")
  return drop({
    responseJsonSchema: schema,
    responseMimeType: schema === undefined
      ? Json.at(text, "mime_type") ?? body["response_mime_type"]
      : "application/json",
    responseModalities: kinds.size === 0 ? undefined : [...kinds].map((kind) => kind.toUpperCase()),
    imageConfig: aspectRatio === undefined ? undefined : { aspectRatio }
  })
}

const configOf = (body: Json.Json): Json.Json => {
  const config = body["generation_config"]
  const level = Json.text(Json.at(config, "thinking_level"))
  const summaries = Json.text(Json.at(config, "thinking_summaries"))
  const ratio = Json.at(config, "image_config", "aspect_ratio")
  return drop({
    temperature: Json.at(config, "temperature"),
    topP: Json.at(config, "top_p"),
    seed: Json.at(config, "seed"),
    stopSequences: Json.at(config, "stop_sequences"),
    maxOutputTokens: Json.at(config, "max_output_tokens"),
    thinkingConfig: level === undefined && summaries !== "auto" ? undefined : drop({
      thinkingLevel: level?.toUpperCase(),
      includeThoughts: summaries === "auto" ? true : undefined
    }),
    imageConfig: ratio === undefined ? undefined : { aspectRatio: ratio },
    ...formatOf(body)
  })
}

/** A body of the log, as matchers see it, as far as the request alone tells; other requests have their own names. */
export const ofLogged = (method: string | undefined, body: unknown): Json.Json =>
  method === "interactions.create" && Json.isObject(body) ? make(body, []) : Object(Json.normalized(body))

/** A body with the steps that came before it. */
export const make = (body: Json.Json, before: Steps): Json.Json => {
  const tools = toolsOf(Json.list(body["tools"]))
  const system = Json.text(body["system_instruction"])
  const config = configOf(body)
  return drop({
    contents: contentsOf([...before, ...stepsOf(body["input"])]),
    systemInstruction: system === undefined ? undefined : { parts: [{ text: system }] },
    tools: tools.length === 0 ? undefined : tools,
    toolConfig: toolConfigOf(Json.at(body["generation_config"], "tool_choice")),
    generationConfig: Object.keys(config).length === 0 ? undefined : config,
    cachedContent: body["cached_content"],
    serviceTier: body["service_tier"],
    labels: body["labels"]
  })
}

/** The words and calls of responses to interactions, whole or as events, as the parts of a generation. */
export const partsOf = (responses: ReadonlyArray<unknown>): ReadonlyArray<Json.Json> => {
  const steps = responses.flatMap((response) => Json.list(Json.at(response, "steps")))
  const whole = contentsOf(steps).flatMap(({ parts }) => Json.list(parts)).filter(Json.isObject)
  const streamed = responses.flatMap((event): ReadonlyArray<Json.Json> => {
    const text = Json.text(Json.at(event, "delta", "text"))
    const name = Json.at(event, "step", "type") === "function_call" ? Json.at(event, "step", "name") : undefined
    return text !== undefined ? [{ text }] : name === undefined ? [] : [{ functionCall: { name } }]
  })
  return [...whole, ...streamed]
}
