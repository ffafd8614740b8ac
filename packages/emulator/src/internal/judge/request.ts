/**
 * The fields that the judge's rules look at, in lowerCamelCase, in a request that has passed the field table. It is not
 * a schema; that is the field table.
 */

export interface Part {
  readonly text?: string
  readonly fileData?: { readonly mimeType?: string; readonly fileUri?: string }
  readonly functionCall?: { readonly name?: string }
  readonly functionResponse?: { readonly name?: string }
  readonly thoughtSignature?: string
  readonly [key: string]: unknown
}

export interface Content {
  readonly role?: string
  readonly parts?: ReadonlyArray<Part>
}

export interface Schema {
  readonly type?: string
  readonly format?: string
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: ReadonlyArray<string>
  readonly enum?: ReadonlyArray<string>
  readonly anyOf?: ReadonlyArray<Schema>
}

export interface FunctionDeclaration {
  readonly name?: string
  readonly parameters?: Schema
  readonly parametersJsonSchema?: unknown
  readonly response?: Schema
  readonly responseJsonSchema?: unknown
}

export interface Tool {
  readonly functionDeclarations?: ReadonlyArray<FunctionDeclaration>
  readonly [key: string]: unknown
}

export interface GenerationConfig {
  readonly candidateCount?: number
  readonly stopSequences?: ReadonlyArray<string>
  readonly maxOutputTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly responseMimeType?: string
  readonly responseSchema?: Schema
  readonly responseJsonSchema?: unknown
  readonly _responseJsonSchema?: unknown
  readonly responseLogprobs?: boolean
  readonly logprobs?: number
  readonly thinkingConfig?: { readonly thinkingBudget?: number; readonly thinkingLevel?: string | number }
}

export interface GenerateContentRequest {
  readonly model?: string
  readonly contents?: ReadonlyArray<Content>
  readonly systemInstruction?: Content
  readonly tools?: ReadonlyArray<Tool>
  readonly toolConfig?: {
    readonly functionCallingConfig?: {
      readonly mode?: string | number
      readonly allowedFunctionNames?: ReadonlyArray<string>
    }
    readonly includeServerSideToolInvocations?: boolean
  }
  readonly safetySettings?: ReadonlyArray<{ readonly category?: string | number }>
  readonly generationConfig?: GenerationConfig
  readonly cachedContent?: string
}

export interface CountTokensRequest {
  readonly contents?: ReadonlyArray<Content>
  readonly generateContentRequest?: GenerateContentRequest
}

export interface EmbedContentRequest {
  readonly model?: string
  readonly content?: Content
}

export interface BatchEmbedContentsRequest {
  readonly requests?: ReadonlyArray<EmbedContentRequest>
}
