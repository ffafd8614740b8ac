/**
 * Environments in which agents work, and their files, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, openName, record } from "../../internal/wire/leaves.ts"

/**
 * `AllowlistEntry` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const AllowlistEntry = Schema.Struct({
  credential: field(Schema.String),
  domain: field(Schema.String),
  transform: field(Schema.Union([Schema.Array(record(Schema.String)), record(Schema.String)]))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface AllowlistEntry extends Schema.Schema.Type<typeof AllowlistEntry> {}

/**
 * `EnvironmentNetworkEgressAllowlist` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const EnvironmentNetworkEgressAllowlist = Schema.Struct({
  allowlist: field(Schema.Union([Schema.Array(AllowlistEntry), openName<"disabled">()]))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface EnvironmentNetworkEgressAllowlist
  extends Schema.Schema.Type<typeof EnvironmentNetworkEgressAllowlist>
{}

/**
 * `EnvironmentSource`: the wire's `Source`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const EnvironmentSource = Schema.Struct({
  content: field(Schema.String),
  encoding: field(Schema.String),
  source: field(Schema.String),
  target: field(Schema.String),
  type: enumField<"gcs" | "inline" | "repository" | "skill_registry">()
})

/**
 * @category models
 * @since 0.2.0
 */
export interface EnvironmentSource extends Schema.Schema.Type<typeof EnvironmentSource> {}

/**
 * `CreateEnvironmentRequest` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CreateEnvironmentRequest = Schema.Struct({
  from_environment: field(Schema.String),
  network: field(Schema.Union([EnvironmentNetworkEgressAllowlist, openName<"disabled">()])),
  sources: field(Schema.Array(EnvironmentSource))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CreateEnvironmentRequest extends Schema.Schema.Type<typeof CreateEnvironmentRequest> {}

/**
 * `EnvVar` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const EnvVar = Schema.Struct({
  credential: field(Schema.String),
  value: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface EnvVar extends Schema.Schema.Type<typeof EnvVar> {}

/**
 * `EnvironmentConfig` of the wire, of the type "remote".
 *
 * @category schemas
 * @since 0.2.0
 */
export const EnvironmentConfig = Schema.Struct({
  env: field(record(Schema.Union([EnvVar, Schema.String]))),
  environment_id: field(Schema.String),
  network: field(Schema.Union([EnvironmentNetworkEgressAllowlist, openName<"disabled">()])),
  sources: field(Schema.Array(EnvironmentSource)),
  type: Schema.Literal("remote")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface EnvironmentConfig extends Schema.Schema.Type<typeof EnvironmentConfig> {}

/**
 * `EnvironmentFile` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const EnvironmentFile = Schema.Struct({
  created: field(Schema.String),
  mime_type: field(Schema.String),
  modified: field(Schema.String),
  name: field(Schema.String),
  path: field(Schema.String),
  size_bytes: field(Schema.String),
  type: enumField<"file" | "directory">()
})

/**
 * @category models
 * @since 0.2.0
 */
export interface EnvironmentFile extends Schema.Schema.Type<typeof EnvironmentFile> {}

/**
 * `EnvironmentResource` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const EnvironmentResource = Schema.Struct({
  created: field(Schema.String),
  file_count: field(Schema.String),
  id: field(Schema.String),
  last_accessed: field(Schema.String),
  network: field(Schema.Union([EnvironmentNetworkEgressAllowlist, openName<"disabled">()])),
  size_bytes: field(Schema.String),
  sources: field(Schema.Array(EnvironmentSource)),
  status: enumField<"active" | "expired">(),
  updated: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface EnvironmentResource extends Schema.Schema.Type<typeof EnvironmentResource> {}

/**
 * `ListEnvironmentsResponse` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ListEnvironmentsResponse = Schema.Struct({
  environments: field(Schema.Array(EnvironmentResource)),
  next_page_token: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ListEnvironmentsResponse extends Schema.Schema.Type<typeof ListEnvironmentsResponse> {}
