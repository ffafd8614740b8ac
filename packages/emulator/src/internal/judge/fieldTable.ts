/* oxlint-disable max-lines -- nothing but data */
/**
 * Every field that a request may have, as the REST API's own description has it: Discovery `generativelanguage:v1beta`
 * of 2026-03-27 with the changes of 2026-08-31, and what `@google/genai` 3.1.0 (2026-11-10) knows beyond it. It is our
 * own transcription of names and types, independent of the client's schemas on purpose: a field that is misspelt there
 * must fail here. Fields that only the Live API has are in `liveFieldTable.ts`, those of what the API keeps in
 * `resourceFieldTable.ts`.
 *
 * A kind is the name of a scalar or a message, `enum E`, `map K` (string keys), `struct` (a free object) or `any`
 * (free). A kind with `[]` is a list.
 */
import * as Live from "./liveFieldTable.ts"
import * as Resource from "./resourceFieldTable.ts"

export const messages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ...Live.messages,
  ...Resource.messages,
  AudioResponseFormat: {
    bitRate: "int32",
    sampleRate: "int32",
    mimeType: "enum AudioResponseFormat.MimeType",
    delivery: "enum AudioResponseFormat.Delivery"
  },
  AudioTranscription: {
    speakerLabel: "string",
    text: "string",
    words: "WordInfo[]",
    finished: "bool",
    languageCode: "string",
    startOffset: "duration",
    endOffset: "duration"
  },
  AudioTranscriptionConfig: {
    languageAuto: "LanguageAuto",
    diarization: "bool",
    languageHints: "LanguageHints",
    wordTimestamp: "bool",
    customVocabulary: "string[]",
    adaptationPhrases: "string[]",
    languageCodes: "string[]",
    mode: "enum AudioTranscriptionConfig.Mode",
    sourceText: "string"
  },
  AuthConfig: {
    apiKey: "string"
  },
  BatchEmbedContentsRequest: {
    requests: "EmbedContentRequest[]"
  },
  Blob: {
    mimeType: "string",
    data: "bytes",
    displayName: "string"
  },
  CodeExecution: {},
  CodeExecutionResult: {
    id: "string",
    outcome: "enum CodeExecutionResult.Outcome",
    output: "string"
  },
  ComputerUse: {
    environment: "enum ComputerUse.Environment",
    excludedPredefinedFunctions: "string[]",
    disabledSafetyPolicies: "enum ComputerUse.DisabledSafetyPolicies[]",
    enablePromptInjectionDetection: "bool"
  },
  Content: {
    parts: "Part[]",
    role: "string"
  },
  CountTokensRequest: {
    contents: "Content[]",
    generateContentRequest: "GenerateContentRequest"
  },
  DynamicRetrievalConfig: {
    mode: "enum DynamicRetrievalConfig.Mode",
    dynamicThreshold: "float"
  },
  EmbedContentConfig: {
    taskType: "enum TaskType",
    audioTrackExtraction: "bool",
    documentOcr: "bool",
    autoTruncate: "bool",
    title: "string",
    outputDimensionality: "int32"
  },
  EmbedContentRequest: {
    model: "string",
    content: "Content",
    taskType: "enum TaskType",
    title: "string",
    outputDimensionality: "int32",
    embedContentConfig: "EmbedContentConfig"
  },
  ExecutableCode: {
    id: "string",
    language: "enum ExecutableCode.Language",
    code: "string"
  },
  FileData: {
    mimeType: "string",
    fileUri: "string",
    displayName: "string"
  },
  FileSearch: {
    fileSearchStoreNames: "string[]",
    topK: "int32",
    metadataFilter: "string"
  },
  FunctionCall: {
    id: "string",
    name: "string",
    args: "struct"
  },
  FunctionCallingConfig: {
    mode: "enum FunctionCallingConfig.Mode",
    allowedFunctionNames: "string[]"
  },
  FunctionDeclaration: {
    name: "string",
    description: "string",
    parameters: "Schema",
    parametersJsonSchema: "any",
    response: "Schema",
    responseJsonSchema: "any",
    behavior: "enum FunctionDeclaration.Behavior"
  },
  FunctionResponse: {
    id: "string",
    name: "string",
    response: "struct",
    parts: "FunctionResponsePart[]",
    willContinue: "bool",
    scheduling: "enum FunctionResponse.Scheduling"
  },
  FunctionResponseBlob: {
    mimeType: "string",
    data: "bytes",
    displayName: "string"
  },
  FunctionResponsePart: {
    inlineData: "FunctionResponseBlob",
    fileData: "FileData",
    mediaProcessing: "enum FunctionResponsePart.MediaProcessing"
  },
  GenerateContentRequest: {
    model: "string",
    systemInstruction: "Content",
    contents: "Content[]",
    tools: "Tool[]",
    toolConfig: "ToolConfig",
    safetySettings: "SafetySetting[]",
    generationConfig: "GenerationConfig",
    cachedContent: "string",
    serviceTier: "enum ServiceTier",
    store: "bool",
    continuationToken: "string",
    labels: "map string"
  },
  GenerationConfig: {
    candidateCount: "int32",
    stopSequences: "string[]",
    maxOutputTokens: "int32",
    temperature: "float",
    topP: "float",
    topK: "int32",
    seed: "int32",
    responseMimeType: "string",
    responseSchema: "Schema",
    _responseJsonSchema: "any",
    responseJsonSchema: "any",
    presencePenalty: "float",
    frequencyPenalty: "float",
    responseLogprobs: "bool",
    logprobs: "int32",
    enableEnhancedCivicAnswers: "bool",
    responseModalities: "enum GenerationConfig.Modality[]",
    speechConfig: "SpeechConfig",
    thinkingConfig: "ThinkingConfig",
    imageConfig: "ImageConfig",
    mediaResolution: "enum GenerationConfig.MediaResolution",
    responseFormat: "ResponseFormatConfig",
    enableAffectiveDialog: "bool",
    translationConfig: "TranslationConfig",
    audioTranscriptionConfig: "AudioTranscriptionConfig"
  },
  GoogleMaps: {
    enableWidget: "bool",
    authConfig: "AuthConfig"
  },
  GoogleSearch: {
    timeRangeFilter: "Interval",
    searchTypes: "SearchTypes"
  },
  GoogleSearchRetrieval: {
    dynamicRetrievalConfig: "DynamicRetrievalConfig"
  },
  ImageConfig: {
    aspectRatio: "string",
    imageSize: "string"
  },
  ImageResponseFormat: {
    aspectRatio: "enum ImageResponseFormat.AspectRatio",
    mimeType: "enum ImageResponseFormat.MimeType",
    imageSize: "enum ImageResponseFormat.ImageSize",
    delivery: "enum ImageResponseFormat.Delivery"
  },
  ImageSearch: {},
  Interval: {
    startTime: "timestamp",
    endTime: "timestamp"
  },
  LanguageAuto: {},
  LanguageHints: {
    languageCodes: "string[]"
  },
  LatLng: {
    latitude: "double",
    longitude: "double"
  },
  McpServer: {
    streamableHttpTransport: "StreamableHttpTransport",
    name: "string"
  },
  MultiSpeakerVoiceConfig: {
    speakerVoiceConfigs: "SpeakerVoiceConfig[]"
  },
  Part: {
    text: "string",
    inlineData: "Blob",
    functionCall: "FunctionCall",
    functionResponse: "FunctionResponse",
    fileData: "FileData",
    executableCode: "ExecutableCode",
    codeExecutionResult: "CodeExecutionResult",
    toolCall: "ToolCall",
    toolResponse: "ToolResponse",
    videoMetadata: "VideoMetadata",
    thought: "bool",
    thoughtSignature: "bytes",
    partMetadata: "struct",
    mediaResolution: "V1mainMediaResolution",
    audioTranscription: "AudioTranscription",
    mediaProcessing: "enum Part.MediaProcessing",
    speechMetadata: "SpeechMetadata"
  },
  PrebuiltVoiceConfig: {
    voiceName: "string"
  },
  ReplicatedVoiceConfig: {
    mimeType: "string",
    voiceSampleAudio: "bytes",
    consentAudio: "bytes",
    voiceConsentSignature: "VoiceConsentSignature"
  },
  ResponseFormatConfig: {
    text: "TextResponseFormat",
    audio: "AudioResponseFormat",
    image: "ImageResponseFormat"
  },
  RetrievalConfig: {
    latLng: "LatLng",
    languageCode: "string"
  },
  SafetySetting: {
    category: "enum HarmCategory",
    threshold: "enum SafetySetting.HarmBlockThreshold"
  },
  Schema: {
    type: "enum Type",
    format: "string",
    title: "string",
    description: "string",
    nullable: "bool",
    enum: "string[]",
    items: "Schema",
    maxItems: "int64",
    minItems: "int64",
    properties: "map Schema",
    required: "string[]",
    minProperties: "int64",
    maxProperties: "int64",
    minimum: "double",
    maximum: "double",
    minLength: "int64",
    maxLength: "int64",
    pattern: "string",
    example: "any",
    anyOf: "Schema[]",
    propertyOrdering: "string[]",
    default: "any"
  },
  SearchTypes: {
    webSearch: "WebSearch",
    imageSearch: "ImageSearch"
  },
  SpeakerVoiceConfig: {
    speaker: "string",
    voiceConfig: "VoiceConfig"
  },
  SpeechConfig: {
    voiceConfig: "VoiceConfig",
    multiSpeakerVoiceConfig: "MultiSpeakerVoiceConfig",
    languageCode: "string"
  },
  SpeechMetadata: {
    speaker: "string",
    style: "string"
  },
  StreamableHttpTransport: {
    url: "string",
    headers: "map string",
    timeout: "duration",
    sseReadTimeout: "duration",
    terminateOnClose: "bool"
  },
  TextResponseFormat: {
    schema: "any",
    mimeType: "enum TextResponseFormat.MimeType"
  },
  ThinkingConfig: {
    includeThoughts: "bool",
    thinkingBudget: "int32",
    thinkingLevel: "enum ThinkingConfig.ThinkingLevel"
  },
  Tool: {
    functionDeclarations: "FunctionDeclaration[]",
    googleSearchRetrieval: "GoogleSearchRetrieval",
    codeExecution: "CodeExecution",
    googleSearch: "GoogleSearch",
    computerUse: "ComputerUse",
    urlContext: "UrlContext",
    fileSearch: "FileSearch",
    mcpServers: "McpServer[]",
    googleMaps: "GoogleMaps"
  },
  ToolCall: {
    id: "string",
    toolType: "enum ToolType",
    args: "struct",
    toolName: "string"
  },
  ToolConfig: {
    functionCallingConfig: "FunctionCallingConfig",
    retrievalConfig: "RetrievalConfig",
    includeServerSideToolInvocations: "bool"
  },
  ToolResponse: {
    id: "string",
    toolType: "enum ToolType",
    response: "struct"
  },
  TranslationConfig: {
    echoTargetLanguage: "bool",
    targetLanguageCode: "string"
  },
  UrlContext: {},
  V1mainMediaResolution: {
    level: "enum MediaResolution.Level"
  },
  VideoMetadata: {
    startOffset: "duration",
    endOffset: "duration",
    fps: "double"
  },
  VoiceConfig: {
    prebuiltVoiceConfig: "PrebuiltVoiceConfig",
    replicatedVoiceConfig: "ReplicatedVoiceConfig",
    voice: "string"
  },
  VoiceConsentSignature: {
    signature: "string"
  },
  WebSearch: {},
  WordInfo: {
    word: "string",
    startOffset: "duration",
    endOffset: "duration"
  }
}

/** The values by the name of the proto type below `google.ai.generativelanguage`, which refusals quote. */
export const enums: Readonly<Record<string, ReadonlyArray<string>>> = {
  ...Live.enums,
  ...Resource.enums,
  "AudioResponseFormat.Delivery": ["DELIVERY_UNSPECIFIED", "INLINE", "URI"],
  "AudioResponseFormat.MimeType": [
    "MIME_TYPE_UNSPECIFIED",
    "AUDIO_MP3",
    "AUDIO_OGG_OPUS",
    "AUDIO_L16",
    "AUDIO_WAV",
    "AUDIO_ALAW",
    "AUDIO_MULAW"
  ],
  "AudioTranscriptionConfig.Mode": ["MODE_UNSPECIFIED", "VERBATIM", "SMART"],
  "CodeExecutionResult.Outcome": ["OUTCOME_UNSPECIFIED", "OUTCOME_OK", "OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED"],
  "ComputerUse.DisabledSafetyPolicies": [
    "SAFETY_POLICY_UNSPECIFIED",
    "FINANCIAL_TRANSACTIONS",
    "SENSITIVE_DATA_MODIFICATION",
    "COMMUNICATION_TOOL",
    "ACCOUNT_CREATION",
    "DATA_MODIFICATION",
    "USER_CONSENT_MANAGEMENT",
    "LEGAL_TERMS_AND_AGREEMENTS"
  ],
  "ComputerUse.Environment": [
    "ENVIRONMENT_UNSPECIFIED",
    "ENVIRONMENT_BROWSER",
    "ENVIRONMENT_MOBILE",
    "ENVIRONMENT_DESKTOP"
  ],
  "DynamicRetrievalConfig.Mode": ["MODE_UNSPECIFIED", "MODE_DYNAMIC"],
  "ExecutableCode.Language": ["LANGUAGE_UNSPECIFIED", "PYTHON"],
  "FunctionCallingConfig.Mode": ["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"],
  "FunctionDeclaration.Behavior": ["UNSPECIFIED", "BLOCKING", "NON_BLOCKING"],
  "FunctionResponse.Scheduling": ["SCHEDULING_UNSPECIFIED", "SILENT", "WHEN_IDLE", "INTERRUPT"],
  "FunctionResponsePart.MediaProcessing": ["MEDIA_PROCESSING_UNSPECIFIED", "STATIC", "AGENTIC"],
  "GenerationConfig.MediaResolution": [
    "MEDIA_RESOLUTION_UNSPECIFIED",
    "MEDIA_RESOLUTION_LOW",
    "MEDIA_RESOLUTION_MEDIUM",
    "MEDIA_RESOLUTION_HIGH"
  ],
  "GenerationConfig.Modality": ["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO", "VIDEO"],
  HarmCategory: [
    "HARM_CATEGORY_UNSPECIFIED",
    "HARM_CATEGORY_DEROGATORY",
    "HARM_CATEGORY_TOXICITY",
    "HARM_CATEGORY_VIOLENCE",
    "HARM_CATEGORY_SEXUAL",
    "HARM_CATEGORY_MEDICAL",
    "HARM_CATEGORY_DANGEROUS",
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
    "HARM_CATEGORY_JAILBREAK"
  ],
  "ImageResponseFormat.AspectRatio": [
    "ASPECT_RATIO_UNSPECIFIED",
    "ASPECT_RATIO_ONE_BY_ONE",
    "ASPECT_RATIO_TWO_BY_THREE",
    "ASPECT_RATIO_THREE_BY_TWO",
    "ASPECT_RATIO_THREE_BY_FOUR",
    "ASPECT_RATIO_FOUR_BY_THREE",
    "ASPECT_RATIO_FOUR_BY_FIVE",
    "ASPECT_RATIO_FIVE_BY_FOUR",
    "ASPECT_RATIO_NINE_BY_SIXTEEN",
    "ASPECT_RATIO_SIXTEEN_BY_NINE",
    "ASPECT_RATIO_TWENTY_ONE_BY_NINE",
    "ASPECT_RATIO_ONE_BY_EIGHT",
    "ASPECT_RATIO_EIGHT_BY_ONE",
    "ASPECT_RATIO_ONE_BY_FOUR",
    "ASPECT_RATIO_FOUR_BY_ONE"
  ],
  "ImageResponseFormat.Delivery": ["DELIVERY_UNSPECIFIED", "INLINE", "URI"],
  "ImageResponseFormat.ImageSize": [
    "IMAGE_SIZE_UNSPECIFIED",
    "IMAGE_SIZE_FIVE_TWELVE",
    "IMAGE_SIZE_ONE_K",
    "IMAGE_SIZE_TWO_K",
    "IMAGE_SIZE_FOUR_K"
  ],
  "ImageResponseFormat.MimeType": ["MIME_TYPE_UNSPECIFIED", "IMAGE_JPEG"],
  "MediaResolution.Level": [
    "MEDIA_RESOLUTION_UNSPECIFIED",
    "MEDIA_RESOLUTION_LOW",
    "MEDIA_RESOLUTION_MEDIUM",
    "MEDIA_RESOLUTION_HIGH",
    "MEDIA_RESOLUTION_ULTRA_HIGH"
  ],
  "Part.MediaProcessing": ["MEDIA_PROCESSING_UNSPECIFIED", "STATIC", "AGENTIC"],
  "SafetySetting.HarmBlockThreshold": [
    "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
    "BLOCK_LOW_AND_ABOVE",
    "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_ONLY_HIGH",
    "BLOCK_NONE",
    "OFF"
  ],
  ServiceTier: ["unspecified", "standard", "flex", "priority"],
  TaskType: [
    "TASK_TYPE_UNSPECIFIED",
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY"
  ],
  "TextResponseFormat.MimeType": ["MIME_TYPE_UNSPECIFIED", "APPLICATION_JSON", "TEXT_PLAIN"],
  "ThinkingConfig.ThinkingLevel": ["THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"],
  ToolType: [
    "TOOL_TYPE_UNSPECIFIED",
    "GOOGLE_SEARCH_WEB",
    "GOOGLE_SEARCH_IMAGE",
    "URL_CONTEXT",
    "GOOGLE_MAPS",
    "FILE_SEARCH",
    "MEDIA_PROCESSING"
  ],
  Type: ["TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"]
}
