/**
 * Credentials that agents use, whose secrets only go in, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { openUnion, type Unfamiliar } from "../../internal/interactions/openUnion.ts"
import { enumField, field, openName } from "../../internal/wire/leaves.ts"

/**
 * `CredentialResource`: the wire's `Credential`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CredentialResource = Schema.Struct({
  create_time: field(Schema.String),
  id: field(Schema.String),
  status: enumField<"active" | "revoked">(),
  type: enumField<"bearer_token" | "oauth2" | "environment_variable">(),
  update_time: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CredentialResource extends Schema.Schema.Type<typeof CredentialResource> {}

/**
 * `CredentialListResponse` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CredentialListResponse = Schema.Struct({
  credentials: field(Schema.Array(CredentialResource)),
  next_page_token: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CredentialListResponse extends Schema.Schema.Type<typeof CredentialListResponse> {}

/**
 * `EnvironmentVariableConfig` of the wire, of the type "environment_variable".
 *
 * @category schemas
 * @since 0.2.0
 */
export const EnvironmentVariableConfig = Schema.Struct({
  id: field(Schema.String),
  injection_location: field(
    Schema.Union([openName<"header" | "query" | "body">(), Schema.Array(openName<"header" | "query" | "body">())])
  ),
  trusted_domains: field(Schema.Array(Schema.String)),
  type: Schema.Literal("environment_variable"),
  value: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface EnvironmentVariableConfig extends Schema.Schema.Type<typeof EnvironmentVariableConfig> {}

/**
 * `EnvironmentVariableUpdateConfig` of the wire, of the type "environment_variable".
 *
 * @category schemas
 * @since 0.2.0
 */
export const EnvironmentVariableUpdateConfig = Schema.Struct({
  injection_location: field(
    Schema.Union([openName<"header" | "query" | "body">(), Schema.Array(openName<"header" | "query" | "body">())])
  ),
  trusted_domains: field(Schema.Array(Schema.String)),
  type: Schema.Literal("environment_variable"),
  value: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface EnvironmentVariableUpdateConfig extends Schema.Schema.Type<typeof EnvironmentVariableUpdateConfig> {}

/**
 * `HttpBearerConfig` of the wire, of the type "bearer_token".
 *
 * @category schemas
 * @since 0.2.0
 */
export const HttpBearerConfig = Schema.Struct({
  header_name: field(Schema.String),
  id: field(Schema.String),
  prefix: field(Schema.String),
  token: field(Schema.String),
  type: Schema.Literal("bearer_token")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface HttpBearerConfig extends Schema.Schema.Type<typeof HttpBearerConfig> {}

/**
 * `HttpBearerUpdateConfig` of the wire, of the type "bearer_token".
 *
 * @category schemas
 * @since 0.2.0
 */
export const HttpBearerUpdateConfig = Schema.Struct({
  header_name: field(Schema.String),
  prefix: field(Schema.String),
  token: field(Schema.String),
  type: Schema.Literal("bearer_token")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface HttpBearerUpdateConfig extends Schema.Schema.Type<typeof HttpBearerUpdateConfig> {}

/**
 * `OAuth2Config` of the wire, of the type "oauth2".
 *
 * @category schemas
 * @since 0.2.0
 */
export const OAuth2Config = Schema.Struct({
  client_id: field(Schema.String),
  client_secret: field(Schema.String),
  id: field(Schema.String),
  refresh_token: field(Schema.String),
  scopes: field(Schema.Array(Schema.String)),
  token_url: field(Schema.String),
  type: Schema.Literal("oauth2")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface OAuth2Config extends Schema.Schema.Type<typeof OAuth2Config> {}

/**
 * `OAuth2UpdateConfig` of the wire, of the type "oauth2".
 *
 * @category schemas
 * @since 0.2.0
 */
export const OAuth2UpdateConfig = Schema.Struct({
  client_id: field(Schema.String),
  client_secret: field(Schema.String),
  refresh_token: field(Schema.String),
  scopes: field(Schema.Array(Schema.String)),
  token_url: field(Schema.String),
  type: Schema.Literal("oauth2")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface OAuth2UpdateConfig extends Schema.Schema.Type<typeof OAuth2UpdateConfig> {}

/**
 * `CredentialCreateParams` of the wire, in any of its forms.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CredentialCreateParams: Schema.Codec<CredentialCreateParams> = openUnion([
  EnvironmentVariableConfig,
  HttpBearerConfig,
  OAuth2Config
])

/**
 * @category models
 * @since 0.2.0
 */
export type CredentialCreateParams = EnvironmentVariableConfig | HttpBearerConfig | OAuth2Config | Unfamiliar

/**
 * `CredentialUpdate` of the wire, in any of its forms.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CredentialUpdate: Schema.Codec<CredentialUpdate> = openUnion([
  EnvironmentVariableUpdateConfig,
  HttpBearerUpdateConfig,
  OAuth2UpdateConfig
])

/**
 * @category models
 * @since 0.2.0
 */
export type CredentialUpdate =
  | EnvironmentVariableUpdateConfig
  | HttpBearerUpdateConfig
  | OAuth2UpdateConfig
  | Unfamiliar
