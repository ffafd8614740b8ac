/**
 * Where an answer comes from: grounding, citations and fetched URLs.
 *
 * Segment indexes are offsets in bytes of the UTF-8 text, and 0 is left out. In a
 * stream a chunk brings only new `groundingChunks`; the indices of its supports refer
 * to the list accumulated so far, which `Accumulate` makes. In the streams recorded up to
 * November 2026 the last chunk alone had any, and those before it none or an empty object.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, NumberOrString, numeric } from "../internal/wire/leaves.ts"

const text = field(Schema.String)
const integers = field(Schema.Array(NumberOrString))

/**
 * A stretch of the answer.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Segment = Schema.Struct({
  partIndex: numeric,
  startIndex: numeric,
  endIndex: numeric,
  text
})

/**
 * A source: a web page, an image, a retrieved document or a place.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GroundingChunk = Schema.Struct({
  web: field(Schema.Struct({ uri: text, title: text, domain: text })),
  image: field(Schema.Struct({ sourceUri: text, imageUri: text, title: text, domain: text })),
  retrievedContext: field(Schema.Struct({
    uri: text,
    title: text,
    text,
    fileSearchStore: text,
    mediaId: text,
    pageNumber: numeric,
    customMetadata: field(Schema.Array(Schema.Struct({
      key: text,
      stringValue: text,
      stringListValue: field(Schema.Struct({ values: field(Schema.Array(Schema.String)) })),
      numericValue: numeric
    })))
  })),
  maps: field(Schema.Struct({
    uri: text,
    title: text,
    text,
    placeId: text,
    placeAnswerSources: field(Schema.Struct({
      reviewSnippets: field(Schema.Array(Schema.Struct({ reviewId: text, googleMapsUri: text, title: text })))
    }))
  }))
})

/**
 * @category models
 * @since 0.1.0
 */
export interface GroundingChunk extends Schema.Schema.Type<typeof GroundingChunk> {}

/**
 * Which sources support which stretch of the answer.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GroundingSupport = Schema.Struct({
  segment: field(Segment),
  groundingChunkIndices: integers,
  confidenceScores: integers,
  renderedParts: integers
})

/**
 * What the answer is grounded on. Show `searchEntryPoint.renderedContent` (HTML) where
 * Google's terms ask for it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GroundingMetadata = Schema.Struct({
  groundingChunks: field(Schema.Array(GroundingChunk)),
  groundingSupports: field(Schema.Array(GroundingSupport)),
  searchEntryPoint: field(Schema.Struct({ renderedContent: text, sdkBlob: text })),
  webSearchQueries: field(Schema.Array(Schema.String)),
  imageSearchQueries: field(Schema.Array(Schema.String)),
  retrievalMetadata: field(Schema.Struct({ googleSearchDynamicRetrievalScore: numeric })),
  googleMapsWidgetContextToken: text
})

/**
 * @category models
 * @since 0.1.0
 */
export interface GroundingMetadata extends Schema.Schema.Type<typeof GroundingMetadata> {}

/**
 * The URLs that the URL context tool fetched.
 *
 * @category schemas
 * @since 0.1.0
 */
export const UrlContextMetadata = Schema.Struct({
  urlMetadata: field(Schema.Array(Schema.Struct({
    retrievedUrl: text,
    urlRetrievalStatus: enumField<
      | "URL_RETRIEVAL_STATUS_SUCCESS"
      | "URL_RETRIEVAL_STATUS_ERROR"
      | "URL_RETRIEVAL_STATUS_PAYWALL"
      | "URL_RETRIEVAL_STATUS_UNSAFE"
    >()
  })))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface UrlContextMetadata extends Schema.Schema.Type<typeof UrlContextMetadata> {}

const Citation = Schema.Struct({
  startIndex: numeric,
  endIndex: numeric,
  uri: text,
  title: text,
  license: text
})

/**
 * Recited sources: `citationSources` on the Gemini API, `citations` on Vertex.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CitationMetadata = Schema.Struct({
  citationSources: field(Schema.Array(Citation)),
  citations: field(Schema.Array(Citation))
})

/**
 * Attributions of the older question-answering models; `content` is a Content.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AttributionSourceId = Schema.Struct({
  groundingPassage: field(Schema.Struct({ passageId: text, partIndex: numeric })),
  semanticRetrieverChunk: field(Schema.Struct({ source: text, chunk: text }))
})
