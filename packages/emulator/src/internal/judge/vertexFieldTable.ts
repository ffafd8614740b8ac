/**
 * Every field that a request to Vertex AI may have, where it differs from the Gemini API: `google.cloud.aiplatform`
 * v1beta1, as the typings and converters of `@google/genai` 3.3.0 (2026-11-12) know it. It is our own transcription, in
 * the form of `fieldTable.ts`; what stands there and not here is alike in both.
 */
import * as Gemini from "./fieldTable.ts"

type Fields = Readonly<Record<string, string>>

const fieldsOf = (message: string): Fields =>
  Object.hasOwn(Gemini.messages, message) ? Gemini.messages[message] ?? {} : {}

/** The Gemini API's message without some fields. */
const without = (message: string, ...names: ReadonlyArray<string>): Fields =>
  Object.fromEntries(Object.entries(fieldsOf(message)).filter(([name]) => !names.includes(name)))

export const messages: Readonly<Record<string, Fields>> = {
  ...Gemini.messages,
  AuthConfig: {
    apiKey: "string",
    apiKeyConfig: "struct",
    authType: "string",
    googleServiceAccountConfig: "struct",
    httpBasicAuthConfig: "struct",
    oauthConfig: "struct",
    oidcConfig: "struct"
  },
  BatchPredictionJob: {
    name: "string",
    displayName: "string",
    model: "string",
    inputConfig: "BatchPredictionInputConfig",
    instanceConfig: "struct",
    modelParameters: "any",
    outputConfig: "BatchPredictionOutputConfig",
    serviceAccount: "string",
    labels: "map string",
    encryptionSpec: "EncryptionSpec"
  },
  BatchPredictionInputConfig: {
    instancesFormat: "string",
    gcsSource: "GcsSource",
    bigquerySource: "BigQuerySource",
    vertexMultimodalDatasetSource: "VertexMultimodalDatasetSource"
  },
  BatchPredictionOutputConfig: {
    predictionsFormat: "string",
    gcsDestination: "GcsDestination",
    bigqueryDestination: "BigQueryDestination",
    vertexMultimodalDatasetDestination: "VertexMultimodalDatasetDestination"
  },
  BidiGenerateContentSetup: {
    ...without("BidiGenerateContentSetup"),
    explicitVadSignal: "bool"
  },
  BigQueryDestination: {
    outputUri: "string"
  },
  BigQuerySource: {
    inputUri: "string"
  },
  CachedContent: {
    ...without("CachedContent"),
    encryptionSpec: "EncryptionSpec"
  },
  ComputeTokensRequest: {
    model: "string",
    instances: "any[]",
    contents: "Content[]"
  },
  CountTokensRequest: {
    model: "string",
    instances: "any[]",
    contents: "Content[]",
    systemInstruction: "Content",
    tools: "Tool[]",
    generationConfig: "GenerationConfig"
  },
  EmbedContentRequest: {
    ...without("EmbedContentRequest"),
    autoTruncate: "bool"
  },
  EncryptionSpec: {
    kmsKeyName: "string"
  },
  FunctionCall: {
    ...without("FunctionCall"),
    partialArgs: "PartialArg[]",
    willContinue: "bool"
  },
  FunctionCallingConfig: {
    ...without("FunctionCallingConfig"),
    streamFunctionCallArguments: "bool"
  },
  FunctionResponse: without("FunctionResponse", "willContinue"),
  FunctionResponsePart: without("FunctionResponsePart", "mediaProcessing"),
  GcsDestination: {
    outputUriPrefix: "string"
  },
  GcsSource: {
    uris: "string[]"
  },
  GenerateContentRequest: {
    ...without("GenerateContentRequest", "store"),
    modelArmorConfig: "ModelArmorConfig",
    outputConfig: "struct"
  },
  GenerationConfig: {
    ...without("GenerationConfig", "enableEnhancedCivicAnswers", "_responseJsonSchema"),
    audioTimestamp: "bool",
    modelConfig: "struct",
    responseFormat: "ResponseFormatConfig[]",
    routingConfig: "RoutingConfig"
  },
  GoogleMaps: {
    ...without("GoogleMaps"),
    groundingTypes: "any"
  },
  GoogleSearch: {
    ...without("GoogleSearch"),
    excludeDomains: "string[]",
    blockingConfidence: "string"
  },
  ImageConfig: {
    ...without("ImageConfig"),
    imageOutputOptions: "ImageOutputOptions",
    personGeneration: "string",
    prominentPeople: "string"
  },
  ImageOutputOptions: {
    mimeType: "string",
    compressionQuality: "int32"
  },
  // Its name and transport are the Gemini API's alone.
  McpServer: {},
  ModelArmorConfig: {
    promptTemplateName: "string",
    responseTemplateName: "string"
  },
  Part: without("Part", "toolCall", "toolResponse", "partMetadata"),
  PartialArg: {
    jsonPath: "string",
    nullValue: "any",
    numberValue: "double",
    stringValue: "string",
    boolValue: "bool",
    willContinue: "bool"
  },
  PredictRequest: {
    instances: "any[]",
    parameters: "any",
    labels: "map string"
  },
  ReplicatedVoiceConfig: without("ReplicatedVoiceConfig", "consentAudio", "voiceConsentSignature"),
  RoutingConfig: {
    autoMode: "struct",
    manualMode: "struct"
  },
  SafetySetting: {
    ...without("SafetySetting"),
    method: "enum SafetySetting.HarmBlockMethod"
  },
  SessionResumptionConfig: {
    ...without("SessionResumptionConfig"),
    transparent: "bool"
  },
  Tool: {
    ...without("Tool", "fileSearch"),
    enterpriseWebSearch: "struct",
    exaAiSearch: "struct",
    parallelAiSearch: "struct",
    retrieval: "struct"
  },
  ToolConfig: without("ToolConfig", "includeServerSideToolInvocations"),
  VertexMultimodalDatasetDestination: {
    bigqueryDestination: "BigQueryDestination",
    displayName: "string"
  },
  VertexMultimodalDatasetSource: {
    datasetName: "string"
  }
}

export const enums: Readonly<Record<string, ReadonlyArray<string>>> = {
  ...Gemini.enums,
  HarmCategory: [
    ...Gemini.enums["HarmCategory"] ?? [],
    "HARM_CATEGORY_IMAGE_HATE",
    "HARM_CATEGORY_IMAGE_DANGEROUS_CONTENT",
    "HARM_CATEGORY_IMAGE_HARASSMENT",
    "HARM_CATEGORY_IMAGE_SEXUALLY_EXPLICIT"
  ],
  "SafetySetting.HarmBlockMethod": ["HARM_BLOCK_METHOD_UNSPECIFIED", "SEVERITY", "PROBABILITY"]
}
