/**
 * The tool that retrieves from stores and search engines, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { field, numeric, openName, Struct } from "../../internal/wire/leaves.ts"

/**
 * `ExaAISearchConfig` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ExaAISearchConfig = Schema.Struct({
  api_key: field(Schema.String),
  custom_config: field(Struct)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ExaAISearchConfig extends Schema.Schema.Type<typeof ExaAISearchConfig> {}

/**
 * `RetrievalFilter`: the wire's `Filter`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RetrievalFilter = Schema.Struct({
  metadata_filter: field(Schema.String),
  vector_distance_threshold: numeric,
  vector_similarity_threshold: numeric
})

/**
 * @category models
 * @since 0.2.0
 */
export interface RetrievalFilter extends Schema.Schema.Type<typeof RetrievalFilter> {}

/**
 * `HybridSearch` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const HybridSearch = Schema.Struct({
  alpha: numeric
})

/**
 * @category models
 * @since 0.2.0
 */
export interface HybridSearch extends Schema.Schema.Type<typeof HybridSearch> {}

/**
 * `ParallelAISearchConfig` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ParallelAISearchConfig = Schema.Struct({
  api_key: field(Schema.String),
  custom_config: field(Struct)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ParallelAISearchConfig extends Schema.Schema.Type<typeof ParallelAISearchConfig> {}

/**
 * `RagResource` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RagResource = Schema.Struct({
  rag_corpus: field(Schema.String),
  rag_file_ids: field(Schema.Array(Schema.String))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface RagResource extends Schema.Schema.Type<typeof RagResource> {}

/**
 * `RankService` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RankService = Schema.Struct({
  model_name: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface RankService extends Schema.Schema.Type<typeof RankService> {}

/**
 * `RetrievalRanking`: the wire's `Ranking`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RetrievalRanking = Schema.Struct({
  model_name: field(Schema.String),
  rank_service: field(RankService),
  ranking_config: Schema.Literal("rank_service")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface RetrievalRanking extends Schema.Schema.Type<typeof RetrievalRanking> {}

/**
 * `RagRetrievalConfig` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RagRetrievalConfig = Schema.Struct({
  filter: field(RetrievalFilter),
  hybrid_search: field(HybridSearch),
  ranking: field(RetrievalRanking),
  top_k: numeric
})

/**
 * @category models
 * @since 0.2.0
 */
export interface RagRetrievalConfig extends Schema.Schema.Type<typeof RagRetrievalConfig> {}

/**
 * `RagStoreConfig` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RagStoreConfig = Schema.Struct({
  rag_resources: field(Schema.Array(RagResource)),
  rag_retrieval_config: field(RagRetrievalConfig),
  similarity_top_k: numeric,
  vector_distance_threshold: numeric
})

/**
 * @category models
 * @since 0.2.0
 */
export interface RagStoreConfig extends Schema.Schema.Type<typeof RagStoreConfig> {}

/**
 * `VertexAISearchConfig` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const VertexAISearchConfig = Schema.Struct({
  datastores: field(Schema.Array(Schema.String)),
  engine: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface VertexAISearchConfig extends Schema.Schema.Type<typeof VertexAISearchConfig> {}

/**
 * `RetrievalTool`: the wire's `Retrieval`, of the type "retrieval".
 *
 * @category schemas
 * @since 0.2.0
 */
export const RetrievalTool = Schema.Struct({
  exa_ai_search_config: field(ExaAISearchConfig),
  parallel_ai_search_config: field(ParallelAISearchConfig),
  rag_store_config: field(RagStoreConfig),
  retrieval_types: field(
    Schema.Array(openName<"vertex_ai_search" | "rag_store" | "exa_ai_search" | "parallel_ai_search">())
  ),
  type: Schema.Literal("retrieval"),
  vertex_ai_search_config: field(VertexAISearchConfig)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface RetrievalTool extends Schema.Schema.Type<typeof RetrievalTool> {}
