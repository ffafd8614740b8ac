/**
 * Every field of the requests about what the API keeps: Discovery `generativelanguage:v1beta` of 2026-03-27 with the
 * changes of 2026-08-31. It is our own transcription, in the form of `fieldTable.ts`.
 */

export const messages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
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
  ImportFileRequest: {
    fileName: "string",
    customMetadata: "CustomMetadata[]",
    chunkingConfig: "ChunkingConfig"
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
  WhiteSpaceConfig: {
    maxTokensPerChunk: "int32",
    maxOverlapTokens: "int32"
  }
}

export const enums: Readonly<Record<string, ReadonlyArray<string>>> = {
  "File.Source": ["SOURCE_UNSPECIFIED", "UPLOADED", "GENERATED", "REGISTERED"],
  "File.State": ["STATE_UNSPECIFIED", "PROCESSING", "ACTIVE", "FAILED"]
}
