/**
 * Every field of the requests about what the API keeps: Discovery `generativelanguage:v1beta` of 2026-03-27 with the
 * changes of 2026-08-31. It is our own transcription, in the form of `fieldTable.ts`.
 */

export const messages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AsyncBatchEmbedContentRequest: {
    batch: "EmbedContentBatch"
  },
  BatchGenerateContentRequest: {
    batch: "GenerateContentBatch"
  },
  BatchStats: {
    requestCount: "int64",
    successfulRequestCount: "int64",
    failedRequestCount: "int64",
    pendingRequestCount: "int64"
  },
  CachedContent: {
    name: "string",
    model: "string",
    displayName: "string",
    contents: "Content[]",
    systemInstruction: "Content",
    tools: "Tool[]",
    toolConfig: "ToolConfig",
    expireTime: "timestamp",
    ttl: "duration",
    createTime: "timestamp",
    updateTime: "timestamp",
    usageMetadata: "CachedContentUsageMetadata"
  },
  CachedContentUsageMetadata: {
    totalTokenCount: "int32"
  },
  ChunkingConfig: {
    whiteSpaceConfig: "WhiteSpaceConfig"
  },
  CreateFileRequest: {
    file: "File"
  },
  CustomMetadata: {
    key: "string",
    stringValue: "string",
    stringListValue: "StringList",
    numericValue: "float"
  },
  EmbedContentBatch: {
    model: "string",
    name: "string",
    displayName: "string",
    inputConfig: "InputEmbedContentConfig",
    output: "struct",
    createTime: "timestamp",
    endTime: "timestamp",
    updateTime: "timestamp",
    batchStats: "EmbedContentBatchStats",
    state: "enum BatchState",
    priority: "int64"
  },
  EmbedContentBatchStats: {
    requestCount: "int64",
    successfulRequestCount: "int64",
    failedRequestCount: "int64",
    pendingRequestCount: "int64"
  },
  File: {
    name: "string",
    displayName: "string",
    mimeType: "string",
    sizeBytes: "int64",
    createTime: "timestamp",
    updateTime: "timestamp",
    expirationTime: "timestamp",
    sha256Hash: "bytes",
    uri: "string",
    downloadUri: "string",
    state: "enum File.State",
    source: "enum File.Source",
    videoMetadata: "VideoFileMetadata",
    error: "Status"
  },
  FileSearchStore: {
    name: "string",
    displayName: "string",
    createTime: "timestamp",
    updateTime: "timestamp",
    activeDocumentsCount: "int64",
    pendingDocumentsCount: "int64",
    failedDocumentsCount: "int64",
    sizeBytes: "int64",
    embeddingModel: "string"
  },
  GenerateContentBatch: {
    model: "string",
    name: "string",
    displayName: "string",
    inputConfig: "InputConfig",
    output: "struct",
    createTime: "timestamp",
    endTime: "timestamp",
    updateTime: "timestamp",
    batchStats: "BatchStats",
    state: "enum BatchState",
    priority: "int64",
    webhookConfig: "WebhookConfig"
  },
  ImportFileRequest: {
    fileName: "string",
    customMetadata: "CustomMetadata[]",
    chunkingConfig: "ChunkingConfig"
  },
  InlinedEmbedContentRequest: {
    request: "EmbedContentRequest",
    metadata: "struct"
  },
  InlinedEmbedContentRequests: {
    requests: "InlinedEmbedContentRequest[]"
  },
  InlinedRequest: {
    request: "GenerateContentRequest",
    metadata: "struct"
  },
  InlinedRequests: {
    requests: "InlinedRequest[]"
  },
  InputConfig: {
    fileName: "string",
    requests: "InlinedRequests"
  },
  InputEmbedContentConfig: {
    fileName: "string",
    requests: "InlinedEmbedContentRequests"
  },
  RegisterFilesRequest: {
    uris: "string[]"
  },
  Status: {
    code: "int32",
    message: "string",
    details: "struct[]"
  },
  StringList: {
    values: "string[]"
  },
  UploadToFileSearchStoreRequest: {
    displayName: "string",
    customMetadata: "CustomMetadata[]",
    chunkingConfig: "ChunkingConfig",
    mimeType: "string"
  },
  VideoFileMetadata: {
    videoDuration: "duration"
  },
  WebhookConfig: {
    uris: "string[]",
    userMetadata: "struct"
  },
  WhiteSpaceConfig: {
    maxTokensPerChunk: "int32",
    maxOverlapTokens: "int32"
  }
}

export const enums: Readonly<Record<string, ReadonlyArray<string>>> = {
  BatchState: [
    "BATCH_STATE_UNSPECIFIED",
    "BATCH_STATE_PENDING",
    "BATCH_STATE_RUNNING",
    "BATCH_STATE_SUCCEEDED",
    "BATCH_STATE_FAILED",
    "BATCH_STATE_CANCELLED",
    "BATCH_STATE_EXPIRED"
  ],
  "File.Source": ["SOURCE_UNSPECIFIED", "UPLOADED", "GENERATED", "REGISTERED"],
  "File.State": ["STATE_UNSPECIFIED", "PROCESSING", "ACTIVE", "FAILED"]
}
