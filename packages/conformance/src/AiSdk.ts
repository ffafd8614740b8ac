/**
 * The AI SDK as a caller with plain types: its own declarations do not hold under
 * `exactOptionalPropertyTypes`, so nothing of them is in the types of the tests.
 */
import { createGoogleGenerativeAI } from "@ai-sdk/google"
import { generateText, streamText } from "ai"

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
