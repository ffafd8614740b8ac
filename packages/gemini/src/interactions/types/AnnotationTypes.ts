/**
 * Annotations of texts: citations, places, words, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { openUnion, type Unfamiliar } from "../../internal/interactions/openUnion.ts"
import { field, numeric, Struct } from "../../internal/wire/leaves.ts"

/**
 * `FileCitation` of the wire, of the type "file_citation".
 *
 * @category schemas
 * @since 0.2.0
 */
export const FileCitation = Schema.Struct({
  custom_metadata: field(Struct),
  document_uri: field(Schema.String),
  end_index: numeric,
  file_name: field(Schema.String),
  media_id: field(Schema.String),
  page_number: numeric,
  source: field(Schema.String),
  start_index: numeric,
  type: Schema.Literal("file_citation")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface FileCitation extends Schema.Schema.Type<typeof FileCitation> {}

/**
 * `ReviewSnippet` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ReviewSnippet = Schema.Struct({
  review_id: field(Schema.String),
  title: field(Schema.String),
  url: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ReviewSnippet extends Schema.Schema.Type<typeof ReviewSnippet> {}

/**
 * `PlaceCitation` of the wire, of the type "place_citation".
 *
 * @category schemas
 * @since 0.2.0
 */
export const PlaceCitation = Schema.Struct({
  end_index: numeric,
  name: field(Schema.String),
  place_id: field(Schema.String),
  review_snippets: field(Schema.Array(ReviewSnippet)),
  start_index: numeric,
  type: Schema.Literal("place_citation"),
  url: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface PlaceCitation extends Schema.Schema.Type<typeof PlaceCitation> {}

/**
 * `SpeechAnnotation` of the wire, of the type "speech_metadata".
 *
 * @category schemas
 * @since 0.2.0
 */
export const SpeechAnnotation = Schema.Struct({
  end_index: numeric,
  speaker: field(Schema.String),
  start_index: numeric,
  style: field(Schema.String),
  type: Schema.Literal("speech_metadata")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface SpeechAnnotation extends Schema.Schema.Type<typeof SpeechAnnotation> {}

/**
 * `URLCitation` of the wire, of the type "url_citation".
 *
 * @category schemas
 * @since 0.2.0
 */
export const URLCitation = Schema.Struct({
  end_index: numeric,
  start_index: numeric,
  title: field(Schema.String),
  type: Schema.Literal("url_citation"),
  url: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface URLCitation extends Schema.Schema.Type<typeof URLCitation> {}

/**
 * `WordInfo` of the wire, of the type "word_info".
 *
 * @category schemas
 * @since 0.2.0
 */
export const WordInfo = Schema.Struct({
  end_index: numeric,
  end_offset: field(Schema.String),
  speaker: field(Schema.String),
  start_index: numeric,
  start_offset: field(Schema.String),
  text: field(Schema.String),
  type: Schema.Literal("word_info")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface WordInfo extends Schema.Schema.Type<typeof WordInfo> {}

/**
 * `Annotation` of the wire, in any of its forms.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Annotation: Schema.Codec<Annotation> = openUnion([
  FileCitation,
  PlaceCitation,
  SpeechAnnotation,
  URLCitation,
  WordInfo
])

/**
 * @category models
 * @since 0.2.0
 */
export type Annotation = FileCitation | PlaceCitation | SpeechAnnotation | URLCitation | WordInfo | Unfamiliar
