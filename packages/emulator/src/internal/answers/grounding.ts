/** What server-side tools leave in an answer: sources, supports, retrieved URLs, and code that was run. */
import * as Json from "../json.ts"

const bytes = (text: string): number => new TextEncoder().encode(text).length

const has = (tools: ReadonlyArray<unknown>, name: string): boolean =>
  tools.some((tool) => Json.at(tool, name) !== undefined)

const source = (title: string, path: string) => ({
  uri: `https://vertexaisearch.cloud.google.com/grounding-api-redirect/${path}`,
  title
})

/** The chunks that each tool cites. */
const chunksOf = (
  tools: ReadonlyArray<unknown>,
  topic: string,
  retrieved: ReadonlyArray<Json.Json> | undefined
): ReadonlyArray<Json.Json> => {
  if (has(tools, "googleSearch") || has(tools, "googleSearchRetrieval")) {
    return [{ web: source("example.com", "emulator-1") }, { web: source("example.org", "emulator-2") }]
  }
  if (has(tools, "googleMaps")) {
    return [{ maps: { uri: "https://maps.google.com/?cid=1", title: topic, placeId: "places/emulator-1" } }]
  }
  if (has(tools, "fileSearch")) {
    if (retrieved !== undefined) return retrieved
    const store = tools.map((tool) => Json.at(tool, "fileSearch", "fileSearchStoreNames")).map(Json.list).flat()[0]
    return [{ retrievedContext: { title: "document.txt", text: topic, fileSearchStore: store } }]
  }
  return []
}

/** Each sentence rests on one of the chunks, in turn. */
const supportsOf = (text: string, chunks: number, most: number): ReadonlyArray<Json.Json> => {
  const sentences = text.match(/[^.!?]+[.!?]+/g) ?? (text === "" ? [] : [text])
  let from = 0
  return sentences.slice(0, most).map((sentence, i) => {
    const startIndex = from
    from += bytes(sentence)
    return {
      // Offsets count UTF-8 bytes; a zero is left out.
      segment: { ...(startIndex === 0 ? {} : { startIndex }), endIndex: from, text: sentence },
      groundingChunkIndices: [i % Math.max(1, chunks)]
    }
  })
}

/** Whether a request declares a tool whose findings an answer can rest on. */
export const isDeclared = (tools: ReadonlyArray<unknown>): boolean =>
  ["googleSearch", "googleSearchRetrieval", "googleMaps", "fileSearch", "urlContext"].some((name) => has(tools, name))

/** The sources that were given, in the form in which an answer of this text cites them. */
export const cited = (
  sources: ReadonlyArray<{ readonly uri: string; readonly title?: string | undefined }>,
  queries: ReadonlyArray<string>,
  text: string
): Json.Json => ({
  groundingMetadata: {
    ...(queries.length === 0
      ? {}
      : {
        webSearchQueries: queries,
        searchEntryPoint: { renderedContent: "<div class=\"container\">emulator</div>" }
      }),
    groundingChunks: sources.map(({ title, uri }) => ({ web: { uri, title: title ?? hostOf(uri) } })),
    ...(sources.length === 0 ? {} : { groundingSupports: supportsOf(text, sources.length, Number.POSITIVE_INFINITY) })
  }
})

const hostOf = (uri: string): string => URL.canParse(uri) ? new URL(uri).host : uri

/**
 * `groundingMetadata` and `urlContextMetadata` of a text, as far as the tools call for them. `retrieved` is what a file
 * search found, where there
 * are stores.
 */
export const metadata = (
  tools: ReadonlyArray<unknown>,
  prompt: string,
  text: string,
  retrieved?: ReadonlyArray<Json.Json>
): Json.Json => {
  const topic = prompt.slice(0, 80)
  const chunks = chunksOf(tools, topic, retrieved)
  const searched = has(tools, "googleSearch") || has(tools, "googleSearchRetrieval")
  // The search ends at the last mark that can end a sentence, so that it is not repeated in vain from each letter
  // behind it.
  const end = 1 + Math.max(text.lastIndexOf("."), text.lastIndexOf("!"), text.lastIndexOf("?"))
  const sentences = text.slice(0, end).match(/[^.!?]+[.!?]+/g) ?? (text === "" ? [] : [text])
  let from = 0
  const supports = sentences.slice(0, 2).map((sentence, i) => {
    const startIndex = from
    from += bytes(sentence)
    return {
      // Offsets count UTF-8 bytes; a zero is left out.
      segment: { ...(startIndex === 0 ? {} : { startIndex }), endIndex: from, text: sentence },
      groundingChunkIndices: [i % Math.max(1, chunks.length)]
    }
  })
  const urls = has(tools, "urlContext") ? prompt.match(/https?:\/\/[^\s"'<>)]+/g) ?? [] : []
  return {
    ...(chunks.length === 0 ? {} : {
      groundingMetadata: {
        ...(searched
          ? {
            webSearchQueries: [topic],
            searchEntryPoint: { renderedContent: "<div class=\"container\">emulator</div>" }
          }
          : {}),
        groundingChunks: chunks,
        groundingSupports: supports
      }
    }),
    ...(urls.length === 0 ? {} : {
      urlContextMetadata: {
        urlMetadata: urls.map((retrievedUrl) => ({
          retrievedUrl,
          urlRetrievalStatus: "URL_RETRIEVAL_STATUS_SUCCESS"
        }))
      }
    })
  }
}

/** The parts of a sandbox run. */
export const codeRun = (tools: ReadonlyArray<unknown>, words: number): ReadonlyArray<Json.Json> =>
  has(tools, "codeExecution")
    ? [
      { executableCode: { language: "PYTHON", code: `print(${words} ** 2)\n` } },
      { codeExecutionResult: { outcome: "OUTCOME_OK", output: `${words ** 2}\n` } }
    ]
    : []
