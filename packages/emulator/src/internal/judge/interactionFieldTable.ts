/**
 * Every field of a request that makes an interaction or a webhook: the typings of `@google/genai` 3.3.0 (2026-11-12), our
 * own transcription. Names are in snake_case and have one spelling. A kind ends in `!` where the field must be there, in
 * `[]` where it is a list; `enum X` is a text out of `enums`, `one X` a message out of the `unions`, told apart by `type`.
 */

type Fields = Readonly<Record<string, string>>

const content = { type: "string!", mime_type: "string", data: "string", uri: "string" }
const call = { type: "string!", id: "string!", signature: "string" }
const result = { type: "string!", call_id: "string!", signature: "string" }

const shared: Fields = {
  input: "input",
  stream: "bool",
  store: "bool",
  background: "bool",
  previous_interaction_id: "string",
  system_instruction: "string",
  tools: "one Tool[]",
  response_format: "response_format",
  response_mime_type: "string",
  response_modalities: "enum ResponseModality[]",
  safety_settings: "SafetySetting[]",
  service_tier: "enum ServiceTier",
  environment: "environment",
  labels: "map string",
  webhook_config: "WebhookConfig",
  continuation_token: "string"
}

export const messages: Readonly<Record<string, Fields>> = {
  CreateModelInteraction: {
    ...shared,
    model: "string!",
    generation_config: "GenerationConfig",
    cached_content: "string"
  },
  CreateAgentInteraction: { ...shared, agent: "string!", agent_config: "one AgentConfig" },
  GenerationConfig: {
    temperature: "number",
    top_p: "number",
    seed: "int",
    stop_sequences: "string[]",
    max_output_tokens: "int",
    thinking_level: "enum ThinkingLevel",
    thinking_summaries: "enum ThinkingSummaries",
    tool_choice: "tool_choice",
    image_config: "ImageConfig",
    speech_config: "speech",
    transcription_config: "any",
    video_config: "VideoConfig"
  },
  ToolChoiceConfig: { allowed_tools: "AllowedTools" },
  AllowedTools: { mode: "enum ToolChoiceType", tools: "string[]" },
  ImageConfig: { aspect_ratio: "string", image_size: "string" },
  VideoConfig: { task: "string" },
  SpeechConfig: { voice: "string", language: "string", speaker: "string" },
  SpeakerConfig: { speakers: "SpeechConfig[]" },
  SafetySetting: { type: "enum HarmCategory!", threshold: "enum Threshold!", method: "enum Method" },
  WebhookConfig: { uris: "string[]", user_metadata: "map" },
  EnvironmentConfig: {
    type: "string!",
    environment_id: "string",
    env: "map",
    network: "any",
    sources: "any[]"
  },
  text_format: { type: "string!", mime_type: "enum TextFormat", schema: "map" },
  image_format: {
    type: "string!",
    mime_type: "string",
    aspect_ratio: "string",
    image_size: "string",
    delivery: "enum Delivery"
  },
  audio_format: {
    type: "string!",
    mime_type: "string",
    bit_rate: "int",
    sample_rate: "int",
    delivery: "enum Delivery"
  },
  video_format: {
    type: "string!",
    aspect_ratio: "string",
    duration: "string",
    gcs_uri: "string",
    resolution: "string",
    delivery: "enum Delivery"
  },
  text: { type: "string!", text: "string!", annotations: "map[]" },
  image: { ...content, resolution: "enum MediaResolution" },
  audio: { ...content, channels: "int", sample_rate: "int" },
  document: content,
  video: { ...content, name: "string", processing: "any", resolution: "enum MediaResolution" },
  user_input: { type: "string!", content: "one InputContent[]" },
  model_output: { type: "string!", content: "one Content[]", error: "map" },
  thought: { type: "string!", signature: "string", summary: "one Content[]" },
  function_call: { type: "string!", id: "string!", name: "string!", arguments: "map!", signature: "string" },
  function_result: {
    type: "string!",
    call_id: "string!",
    name: "string",
    result: "result!",
    is_error: "bool",
    signature: "string"
  },
  code_execution_call: { ...call, arguments: "map!" },
  code_execution_result: { ...result, result: "any!", is_error: "bool" },
  url_context_call: { ...call, arguments: "map!" },
  url_context_result: { ...result, result: "map[]!", is_error: "bool" },
  google_search_call: { ...call, arguments: "map!", search_type: "string" },
  google_search_result: { ...result, result: "map[]!", is_error: "bool" },
  google_maps_call: { ...call, arguments: "map" },
  google_maps_result: { ...result, result: "map[]!" },
  file_search_call: { ...call, arguments: "map" },
  file_search_result: { ...result, result: "map[]" },
  retrieval_call: { ...call, arguments: "map!", retrieval_type: "string" },
  retrieval_result: { ...result, is_error: "bool" },
  processing_call: call,
  processing_result: result,
  mcp_server_tool_call: { ...call, name: "string!", server_name: "string!", arguments: "map!" },
  mcp_server_tool_result: { ...result, name: "string", server_name: "string", result: "any!", is_error: "bool" },
  function: { type: "string!", name: "string!", description: "string", parameters: "any" },
  google_search: { type: "string!", search_types: "enum SearchType[]" },
  code_execution: { type: "string!" },
  url_context: { type: "string!" },
  google_maps: { type: "string!", enable_widget: "bool", latitude: "number", longitude: "number" },
  file_search: {
    type: "string!",
    file_search_store_names: "string[]",
    top_k: "int",
    metadata_filter: "string"
  },
  computer_use: {
    type: "string!",
    environment: "string",
    excluded_predefined_functions: "string[]",
    disabled_safety_policies: "string[]",
    enable_prompt_injection_detection: "bool"
  },
  mcp_server: {
    type: "string!",
    name: "string",
    url: "string",
    headers: "map string",
    allowed_tools: "AllowedTools[]"
  },
  retrieval: {
    type: "string!",
    retrieval_types: "string[]",
    rag_store_config: "map",
    vertex_ai_search_config: "map",
    exa_ai_search_config: "map",
    parallel_ai_search_config: "map"
  },
  "deep-research": {
    type: "string!",
    thinking_summaries: "enum ThinkingSummaries",
    visualization: "enum Visualization",
    collaborative_planning: "bool",
    enable_bigquery_tool: "bool"
  },
  antigravity: { type: "string!", max_total_tokens: "int", model: "string" },
  "code-mender": {
    type: "string!",
    model: "string",
    session_id: "string",
    session_config: "map",
    find_request: "map",
    fix_request: "map"
  },
  Webhook: { name: "string", uri: "string!", subscribed_events: "enum WebhookEvent[]!" },
  WebhookUpdate: {
    name: "string",
    uri: "string",
    subscribed_events: "enum WebhookEvent[]",
    state: "enum WebhookState"
  },
  RotateSigningSecret: { revocation_behavior: "enum RevocationBehavior" }
}

/** What a message is called in its union, and which message it is. Another type has fields of its own choice. */
const same = (...types: ReadonlyArray<string>): Fields => Object.fromEntries(types.map((type) => [type, type]))

const contents = ["text", "image", "audio", "document", "video"]

export const unions: Readonly<Record<string, Fields>> = /* @__PURE__ */ (() => ({
  Content: same(...contents),
  // A function's result inside the user's input is taken as well (recorded 2026).
  InputContent: same(...contents, "function_result"),
  Step: same(
    "user_input",
    "model_output",
    "thought",
    "function_call",
    "function_result",
    ...["code_execution", "url_context", "google_search", "google_maps", "file_search", "retrieval", "processing"]
      .flatMap((name) => [`${name}_call`, `${name}_result`]),
    "mcp_server_tool_call",
    "mcp_server_tool_result"
  ),
  Tool: same(
    "function",
    "google_search",
    "code_execution",
    "url_context",
    "google_maps",
    "file_search",
    "computer_use",
    "mcp_server",
    "retrieval"
  ),
  AgentConfig: { ...same("deep-research", "antigravity", "code-mender"), dynamic: "" },
  Format: { text: "text_format", image: "image_format", audio: "audio_format", video: "video_format" }
}))()

export const enums: Readonly<Record<string, ReadonlyArray<string>>> = {
  ResponseModality: ["text", "image", "audio", "video", "document"],
  ServiceTier: ["flex", "standard", "priority", "deferred"],
  ThinkingLevel: ["minimal", "low", "medium", "high", "xhigh"],
  ThinkingSummaries: ["auto", "none"],
  ToolChoiceType: ["auto", "any", "none", "validated"],
  HarmCategory: [
    "hate_speech",
    "dangerous_content",
    "harassment",
    "sexually_explicit",
    "civic_integrity",
    "image_hate",
    "image_dangerous_content",
    "image_harassment",
    "image_sexually_explicit",
    "jailbreak"
  ],
  Threshold: ["block_low_and_above", "block_medium_and_above", "block_only_high", "block_none", "off"],
  Method: ["severity", "probability"],
  TextFormat: ["application/json", "text/plain"],
  Delivery: ["inline", "uri"],
  MediaResolution: ["low", "medium", "high", "ultra_high"],
  SearchType: ["web_search", "image_search", "enterprise_web_search"],
  Visualization: ["off", "auto"],
  WebhookEvent: [
    "batch.succeeded",
    "batch.expired",
    "batch.failed",
    "interaction.requires_action",
    "interaction.completed",
    "interaction.failed",
    "video.generated",
    // Guides name these two as well.
    "batch.cancelled",
    "interaction.cancelled"
  ],
  WebhookState: ["enabled", "disabled", "disabled_due_to_failed_deliveries"],
  RevocationBehavior: ["revoke_previous_secrets_after_h24", "revoke_previous_secrets_immediately"]
}
