/**
 * The AI SDK as a caller with plain types. Its own declarations do not hold under `exactOptionalPropertyTypes`, so the
 * types of the tests use none of them.
 */
import { createGoogleGenerativeAI } from "@ai-sdk/google"
import { generateText, jsonSchema, streamText, tool, ToolLoopAgent } from "ai"

/** Adds the text that comes to `said`, and fails as the client does. */
export type Call = (said: Array<string>) => Promise<unknown>

/**
 * The calls of the AI SDK against a server at `baseURL`, once whole and once as a stream, for comparison with ours.
 */
export const make = (baseURL: string, model: string): { readonly unary: Call; readonly stream: Call } => {
  const question = {
    model: createGoogleGenerativeAI({ apiKey: "test-key", baseURL })(model),
    prompt: "x",
    temperature: 0,
    maxRetries: 0
  }
  return {
    unary: async (said) => said.push((await generateText(question)).text),
    stream: async (said) => {
      let failure: unknown
      const { textStream } = streamText({
        ...question,
        onError: ({ error }) => {
          failure = error
        }
      })
      for await (const text of textStream) said.push(text)
      if (failure !== undefined) throw failure
    }
  }
}

/** How a run of `ToolLoopAgent` ended: with an answer, which may be empty, or by throwing. */
export interface LoopEnd {
  readonly text: string
  readonly finishReason: string
  readonly thrown: string | undefined
}

/** The AI SDK's agent with its default settings and these tools of two numbers, asked once. */
export const loop = async (
  baseURL: string,
  model: string,
  instructions: string,
  tools: Readonly<Record<string, (a: number, b: number) => number>>
): Promise<LoopEnd> => {
  const agent = new ToolLoopAgent({
    model: createGoogleGenerativeAI({ apiKey: "test-key", baseURL })(model),
    instructions,
    tools: Object.fromEntries(
      Object.entries(tools).map(([name, execute]) => [
        name,
        tool({
          description: name,
          inputSchema: jsonSchema<{ a: number; b: number }>({
            type: "object",
            properties: { a: { type: "number" }, b: { type: "number" } },
            required: ["a", "b"],
            additionalProperties: false
          }),
          execute: ({ a, b }) => execute(a, b)
        })
      ])
    )
  })
  // Its warnings would go to stderr.
  Reflect.set(globalThis, "AI_SDK_LOG_WARNINGS", false)
  try {
    const { finishReason, text } = await agent.generate({ prompt: "go" })
    return { text, finishReason, thrown: undefined }
  } catch (error) {
    return { text: "", finishReason: "", thrown: error instanceof Error ? error.name : String(error) }
  }
}
