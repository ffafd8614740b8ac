/**
 * The settings of agents, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, numeric } from "../../internal/wire/leaves.ts"

/**
 * `AntigravityAgentConfig` of the wire, of the type "antigravity".
 *
 * @category schemas
 * @since 0.2.0
 */
export const AntigravityAgentConfig = Schema.Struct({
  max_total_tokens: field(Schema.String),
  model: field(Schema.String),
  type: Schema.Literal("antigravity")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface AntigravityAgentConfig extends Schema.Schema.Type<typeof AntigravityAgentConfig> {}

/**
 * `FileContent` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FileContent = Schema.Struct({
  content: field(Schema.String),
  path: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface FileContent extends Schema.Schema.Type<typeof FileContent> {}

/**
 * `FindRequest` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FindRequest = Schema.Struct({
  description: field(Schema.String),
  finding_id: field(Schema.String),
  mode: enumField<"scan" | "verify">(),
  source_files: field(Schema.Array(FileContent))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface FindRequest extends Schema.Schema.Type<typeof FindRequest> {}

/**
 * `FixRequest` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FixRequest = Schema.Struct({
  description: field(Schema.String),
  finding_id: field(Schema.String),
  source_files: field(Schema.Array(FileContent))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface FixRequest extends Schema.Schema.Type<typeof FixRequest> {}

/**
 * `SessionConfig` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SessionConfig = Schema.Struct({
  max_rounds: numeric
})

/**
 * @category models
 * @since 0.2.0
 */
export interface SessionConfig extends Schema.Schema.Type<typeof SessionConfig> {}

/**
 * `CodeMenderAgentConfig` of the wire, of the type "code-mender".
 *
 * @category schemas
 * @since 0.2.0
 */
export const CodeMenderAgentConfig = Schema.Struct({
  find_request: field(FindRequest),
  fix_request: field(FixRequest),
  model: field(Schema.String),
  session_config: field(SessionConfig),
  session_id: field(Schema.String),
  type: Schema.Literal("code-mender")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CodeMenderAgentConfig extends Schema.Schema.Type<typeof CodeMenderAgentConfig> {}

/**
 * `DeepResearchAgentConfig` of the wire, of the type "deep-research".
 *
 * @category schemas
 * @since 0.2.0
 */
export const DeepResearchAgentConfig = Schema.Struct({
  collaborative_planning: field(Schema.Boolean),
  enable_bigquery_tool: field(Schema.Boolean),
  thinking_summaries: enumField<"auto" | "none">(),
  type: Schema.Literal("deep-research"),
  visualization: enumField<"off" | "auto">()
})

/**
 * @category models
 * @since 0.2.0
 */
export interface DeepResearchAgentConfig extends Schema.Schema.Type<typeof DeepResearchAgentConfig> {}

/**
 * `DynamicAgentConfig` of the wire, of the type "dynamic".
 *
 * @category schemas
 * @since 0.2.0
 */
export const DynamicAgentConfig = Schema.Struct({
  type: Schema.Literal("dynamic")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface DynamicAgentConfig extends Schema.Schema.Type<typeof DynamicAgentConfig> {}
