/**
 * What the server's proto validator says of a request's values: one line `* Message.path: why` each. It sees every
 * message alone; how parts of a request fit together is judged after it.
 *
 * The sentences are the real server's, from public reports of 2025 and 2026 and from live probes that others published
 * (temperature and response_mime_type 2026-08, max_output_tokens 2026-07).
 */
import { partData } from "./fields.ts"
import type {
  BatchEmbedContentsRequest,
  Content,
  EmbedContentRequest,
  GenerateContentRequest,
  GenerationConfig,
  Schema
} from "./request.ts"

type Say = (path: string, why: string) => void

/** The fields that count as a part's data. A part with only `videoMetadata` is taken as well (recorded in 2025). */
const data = ["videoMetadata", ...partData] as const

const parts = (content: Content | undefined, path: string, say: Say): void => {
  content?.parts?.forEach((part, i) => {
    if (!data.some((field) => part[field] !== undefined)) {
      say(`${path}.parts[${i}].data`, "required oneof field 'data' must have one initialized field")
    }
  })
}

const contents = (list: ReadonlyArray<Content> | undefined, path: string, say: Say): void => {
  if (list === undefined || list.length === 0) return say(path, "contents is not specified")
  list.forEach((content, i) => {
    if (content.parts === undefined || content.parts.length === 0) {
      say(`${path}[${i}].parts`, "contents.parts must not be empty.")
    }
    parts(content, `${path}[${i}]`, say)
  })
}

/**
 * What a schema may hold depends on its type. Reports: google-gemini/gemini-cli#3178 (formats, 2025-07),
 * elastic/kibana#286302 (an enum without values, 2026-08), browser-use/browser-use#7 and MarkusPfundstein/mcp-obsidian#21
 * (inner objects without properties, 2024 and 2025; an outermost one was taken in recordings of 2026), danny-avila/LibreChat#6971 (no type, 2025-04), NousResearch/hermes-agent#38972
 * (items of a schema that is not a list, 2026-06), goruck/home-generative-agent#525 (required, 2026-08).
 */
const typed = (node: Schema, path: string, isInner: boolean, say: Say): void => {
  const { type } = node
  const names = Object.keys(node.properties ?? {})
  if (type === undefined && (node.anyOf ?? []).length === 0) {
    say(`${path}.type`, "must be specified when not using one_of, any_of or all_of fields")
  }
  if (type === "ARRAY" && node.items === undefined) say(`${path}.items`, "missing field.")
  if (type !== "ARRAY" && node.items !== undefined) say(`${path}.items`, "field predicate failed: $type == Type.ARRAY")
  if (type === "OBJECT" && names.length === 0 && isInner) {
    say(`${path}.properties`, "should be non-empty for OBJECT type")
  }
  if (type !== undefined && type !== "OBJECT" && names.length > 0) {
    say(`${path}.properties`, "only allowed for OBJECT type")
  }
  if (type !== "OBJECT" && (node.required ?? []).length > 0) say(`${path}.required`, "only allowed for OBJECT type")
  if (type === "STRING" && node.format !== undefined && !["", "enum", "date-time"].includes(node.format)) {
    say(`${path}.format`, "only 'enum' and 'date-time' are supported for STRING type")
  }
  if (type !== "STRING" && (node.enum ?? []).length > 0) say(`${path}.enum`, "only allowed for STRING type")
  if (type === "STRING" && node.format === "enum" && (node.enum ?? []).length === 0) {
    say(`${path}.enum`, "should be non-empty for STRING type with enum format")
  }
}

const schema = (node: Schema | undefined, path: string, say: Say, isInner = false): void => {
  if (node === undefined) return
  typed(node, path, isInner, say)
  node.enum?.forEach((value, i) => {
    if (value === "") say(`${path}.enum[${i}]`, "cannot be empty")
  })
  node.required?.forEach((name, i) => {
    if (!Object.hasOwn(node.properties ?? {}, name)) say(`${path}.required[${i}]`, "property is not defined")
  })
  schema(node.items, `${path}.items`, say, true)
  node.anyOf?.forEach((one, i) => schema(one, `${path}.any_of[${i}]`, say, true))
  for (const [name, one] of Object.entries(node.properties ?? {})) {
    schema(one, `${path}.properties[${name}]`, say, true)
  }
}

/** The limit is 128 characters since the description of 2026-03-27; refusals of early 2026 still named 64. */
const functionName = /^[A-Za-z_][\w.:-]{0,127}$/

const mimeTypes = new Set(["text/plain", "application/json", "application/xml", "application/yaml", "text/x.enum"])

const generation = (config: GenerationConfig | undefined, path: string, say: Say): void => {
  if (config === undefined) return
  const { maxOutputTokens, responseMimeType, temperature } = config
  if (temperature !== undefined && !(temperature >= 0 && temperature <= 2)) {
    say(`${path}.temperature`, "temperature must be in the range [0.0, 2.0].")
  }
  if (maxOutputTokens !== undefined && maxOutputTokens < 0) {
    say(`${path}.max_output_tokens`, "max_output_tokens must be positive.")
  }
  if (responseMimeType !== undefined && responseMimeType !== "" && !mimeTypes.has(responseMimeType)) {
    say(
      `${path}.response_mime_type`,
      "allowed mimetypes are `text/plain`, `application/json`, `application/xml`, `application/yaml` and `text/x.enum`."
    )
  }
  schema(config.responseSchema, `${path}.response_schema`, say)
}

/** Categories of PaLM and the unspecified one: they are in the enum, and are refused. */
const pastCategories = new Set<unknown>([
  "HARM_CATEGORY_UNSPECIFIED",
  "HARM_CATEGORY_DEROGATORY",
  "HARM_CATEGORY_TOXICITY",
  "HARM_CATEGORY_VIOLENCE",
  "HARM_CATEGORY_SEXUAL",
  "HARM_CATEGORY_MEDICAL",
  "HARM_CATEGORY_DANGEROUS"
])

const generate = (request: GenerateContentRequest, path: string, say: Say): void => {
  contents(request.contents, `${path}.contents`, say)
  parts(request.systemInstruction, `${path}.system_instruction`, say)
  request.tools?.forEach((tool, i) => {
    tool.functionDeclarations?.forEach((declaration, j) => {
      const at = `${path}.tools[${i}].function_declarations[${j}]`
      if (!functionName.test(declaration.name ?? "")) {
        say(
          `${at}.name`,
          "Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), " +
            "underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128."
        )
      }
      schema(declaration.parameters, `${at}.parameters`, say)
      schema(declaration.response, `${at}.response`, say)
    })
  })
  request.safetySettings?.forEach(({ category }, i) => {
    if (category === undefined || pastCategories.has(category)) {
      say(
        `${path}.safety_settings[${i}]`,
        "element predicate failed: $.category in (HarmCategory.HARM_CATEGORY_HATE_SPEECH, " +
          "HarmCategory.HARM_CATEGORY_SEXUALLY_EXPLICIT, HarmCategory.HARM_CATEGORY_DANGEROUS_CONTENT, " +
          "HarmCategory.HARM_CATEGORY_HARASSMENT, HarmCategory.HARM_CATEGORY_CIVIC_INTEGRITY)"
      )
    }
  })
  generation(request.generationConfig, `${path}.generation_config`, say)
}

const collect = (rule: (say: Say) => void): string | undefined => {
  const lines: Array<string> = []
  rule((path, why) => lines.push(`* ${path}: ${why}\n`))
  return lines.length === 0 ? undefined : lines.join("")
}

export const generateContent = (request: GenerateContentRequest): string | undefined =>
  collect((say) => generate(request, "GenerateContentRequest", say))

/**
 * The request has either `contents` or a whole request with a model of its own, never both, by the field's description.
 */
export const countTokens = (request: {
  readonly contents?: ReadonlyArray<Content>
  readonly generateContentRequest?: GenerateContentRequest
}): string | undefined =>
  collect((say) => {
    const inner = request.generateContentRequest
    if (inner === undefined) return contents(request.contents, "CountTokensRequest.contents", say)
    const path = "CountTokensRequest.generate_content_request"
    if (inner.model === undefined || inner.model === "") say(`${path}.model`, "model is not specified")
    generate(inner, path, say)
  })

const embed = (request: EmbedContentRequest, path: string, say: Say): void => {
  if (request.content?.parts === undefined || request.content.parts.length === 0) {
    say(`${path}.content`, "contents is not specified")
  }
  parts(request.content, `${path}.content`, say)
}

export const embedContent = (request: EmbedContentRequest): string | undefined =>
  collect((say) => embed(request, "EmbedContentRequest", say))

/** Every request of a batch names its model, with the collection, and it must be the model of the URL. */
export const batchEmbedContents = (request: BatchEmbedContentsRequest, model: string): string | undefined =>
  collect((say) => {
    const path = "BatchEmbedContentsRequest.requests"
    const requests = request.requests ?? []
    if (requests.length === 0) say(path, "requests is not specified")
    if (requests.length > 100) say(path, "at most 100 requests can be in one batch")
    requests.forEach((one, i) => {
      const at = `${path}[${i}]`
      if (one.model === undefined || one.model === "") say(`${at}.model`, "model is not specified")
      else if (!/^\w+\/[^/]+$/.test(one.model)) say(`${at}.model`, "unexpected model name format")
      else if (one.model !== model) say(`${at}.model`, "model must match the model of the batch request")
      embed(one, at, say)
    })
  })
