/**
 * What the server's proto validator says of a request's values: one `* Message.path: why` a line.
 * It sees every message alone; what parts of a request mean to each other is judged after it.
 *
 * The sentences are the real server's, out of public reports of 2025 and 2026 and live probes that
 * others published (temperature and response_mime_type 2026-08, max_output_tokens 2026-07).
 */
import type {
  BatchEmbedContentsRequest,
  Content,
  EmbedContentRequest,
  GenerateContentRequest,
  GenerationConfig,
  Schema
} from "./request.ts"

type Say = (path: string, why: string) => void

/** A part of nothing but `videoMetadata` is taken as well: so recorded in 2025. */
const data = [
  "videoMetadata",
  "text",
  "inlineData",
  "functionCall",
  "functionResponse",
  "fileData",
  "executableCode",
  "codeExecutionResult",
  "toolCall",
  "toolResponse",
  "audioTranscription"
]

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

const schema = (node: Schema | undefined, path: string, say: Say): void => {
  if (node === undefined) return
  if (node.type === "ARRAY" && node.items === undefined) say(`${path}.items`, "missing field.")
  if (node.type !== undefined && node.type !== "OBJECT" && Object.keys(node.properties ?? {}).length > 0) {
    say(`${path}.properties`, "only allowed for OBJECT type")
  }
  node.enum?.forEach((value, i) => {
    if (value === "") say(`${path}.enum[${i}]`, "cannot be empty")
  })
  if (node.properties !== undefined) {
    node.required?.forEach((name, i) => {
      if (node.properties?.[name] === undefined) say(`${path}.required[${i}]`, "property is not defined")
    })
  }
  schema(node.items, `${path}.items`, say)
  node.anyOf?.forEach((one, i) => schema(one, `${path}.any_of[${i}]`, say))
  for (const [name, one] of Object.entries(node.properties ?? {})) {
    schema(one, `${path}.properties["${name}"]`, say)
  }
}

/** 128 characters since the description of 2026-03-27; refusals of early 2026 still said 64. */
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

/** Those of PaLM, and none: in the enum, and refused. */
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

/** `contents`, or a whole request with its own model: never both, by the field's description. */
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

/** Of a batch every request names its model, with the collection, and it is the URL's. */
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
