/**
 * Every field of what a Live client sends, and of an ephemeral token: Discovery `generativelanguage:v1beta` of
 * 2026-08-31, and the messages of `@google/genai` 3.1.0 (2026-11-10) that no description has. It is our own
 * transcription, in the form of `fieldTable.ts`.
 */

export const messages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AuthToken: {
    fieldMask: "string",
    uses: "int32",
    bidiGenerateContentSetup: "BidiGenerateContentSetup",
    name: "string",
    newSessionExpireTime: "timestamp",
    expireTime: "timestamp"
  },
  AutomaticActivityDetection: {
    silenceDurationMs: "int32",
    endOfSpeechSensitivity: "enum AutomaticActivityDetection.EndOfSpeechSensitivity",
    disabled: "bool",
    startOfSpeechSensitivity: "enum AutomaticActivityDetection.StartOfSpeechSensitivity",
    prefixPaddingMs: "int32"
  },
  AvatarConfig: {
    avatarName: "string",
    customizedAvatar: "CustomizedAvatar",
    audioBitrateBps: "int32",
    videoBitrateBps: "int32"
  },
  BidiGenerateContentClientContent: {
    turns: "Content[]",
    turnComplete: "bool"
  },
  BidiGenerateContentClientMessage: {
    setup: "BidiGenerateContentSetup",
    clientContent: "BidiGenerateContentClientContent",
    realtimeInput: "BidiGenerateContentRealtimeInput",
    toolResponse: "BidiGenerateContentToolResponse",
    contextUpdate: "BidiGenerateContentContextUpdate"
  },
  BidiGenerateContentContextUpdate: {
    systemInstruction: "Content",
    tools: "ContextUpdateTools"
  },
  BidiGenerateContentRealtimeInput: {
    mediaChunks: "Blob[]",
    audio: "Blob",
    audioStreamEnd: "bool",
    video: "Blob",
    text: "string",
    activityStart: "Empty",
    activityEnd: "Empty"
  },
  BidiGenerateContentSetup: {
    model: "string",
    historyConfig: "HistoryConfig",
    sessionResumption: "SessionResumptionConfig",
    tools: "Tool[]",
    inputAudioTranscription: "AudioTranscriptionConfig",
    realtimeInputConfig: "RealtimeInputConfig",
    contextWindowCompression: "ContextWindowCompressionConfig",
    systemInstruction: "Content",
    generationConfig: "GenerationConfig",
    outputAudioTranscription: "AudioTranscriptionConfig",
    proactivity: "ProactivityConfig",
    avatarConfig: "AvatarConfig",
    safetySettings: "SafetySetting[]",
    labels: "map string"
  },
  BidiGenerateContentToolResponse: {
    functionResponses: "FunctionResponse[]"
  },
  ContextUpdateTools: {
    tools: "Tool[]"
  },
  ContextWindowCompressionConfig: {
    slidingWindow: "SlidingWindow",
    triggerTokens: "int64"
  },
  CustomizedAvatar: {
    imageMimeType: "string",
    imageData: "bytes"
  },
  Empty: {},
  HistoryConfig: {
    initialHistoryInClientContent: "bool"
  },
  ProactivityConfig: {
    proactiveAudio: "bool",
    proactiveVideo: "bool"
  },
  RealtimeInputConfig: {
    automaticActivityDetection: "AutomaticActivityDetection",
    activityHandling: "enum RealtimeInputConfig.ActivityHandling",
    turnCoverage: "enum RealtimeInputConfig.TurnCoverage",
    interimTranscriptTimestampEnabled: "bool"
  },
  SessionResumptionConfig: {
    handle: "string"
  },
  SlidingWindow: {
    targetTokens: "int64"
  }
}

export const enums: Readonly<Record<string, ReadonlyArray<string>>> = {
  "AutomaticActivityDetection.EndOfSpeechSensitivity": [
    "END_SENSITIVITY_UNSPECIFIED",
    "END_SENSITIVITY_HIGH",
    "END_SENSITIVITY_LOW"
  ],
  "AutomaticActivityDetection.StartOfSpeechSensitivity": [
    "START_SENSITIVITY_UNSPECIFIED",
    "START_SENSITIVITY_HIGH",
    "START_SENSITIVITY_LOW"
  ],
  "RealtimeInputConfig.ActivityHandling": [
    "ACTIVITY_HANDLING_UNSPECIFIED",
    "START_OF_ACTIVITY_INTERRUPTS",
    "NO_INTERRUPTION"
  ],
  "RealtimeInputConfig.TurnCoverage": [
    "TURN_COVERAGE_UNSPECIFIED",
    "TURN_INCLUDES_ONLY_ACTIVITY",
    "TURN_INCLUDES_ALL_INPUT",
    "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO"
  ]
}
