/**
 * A model for `@openai/agents` that asks Gemini, for it brings none: what was said and called becomes contents, and tools
 * and handoffs become function declarations.
 */
import { type Model, type ModelRequest, type ModelResponse, Usage } from "@openai/agents"

type Item = Exclude<ModelRequest["input"], string>[number]
type Output = ModelResponse["output"][number]

interface Part {
  readonly text?: string
  readonly functionCall?: { readonly id?: string; readonly name: string; readonly args?: unknown }
  readonly functionResponse?: { readonly name: string; readonly response: unknown }
  readonly thoughtSignature?: string
}

const textOf = (content: unknown): string => {
  if (typeof content === "string") return content
  const pieces: ReadonlyArray<unknown> = Array.isArray(content) ? content : [content]
  return pieces.map((piece) => String(Reflect.get(Object(piece), "text"))).join("")
}

const contentOf = (item: Item): { readonly role: string; readonly parts: ReadonlyArray<Part> } => {
  if ("role" in item) {
    return { role: item.role === "assistant" ? "model" : "user", parts: [{ text: textOf(item.content) }] }
  }
  switch (item.type) {
    case "function_call":
      return {
        role: "model",
        parts: [{
          functionCall: { name: item.name, args: JSON.parse(item.arguments) },
          thoughtSignature: String(item.providerData?.["signature"])
        }]
      }
    case "function_call_result":
      return {
        role: "user",
        parts: [{ functionResponse: { name: item.name, response: { output: textOf(item.output) } } }]
      }
    default:
      throw new Error(`${item.type ?? "an item"} is not told to Gemini here`)
  }
}

const outputOf = ({ functionCall, text, thoughtSignature }: Part, index: number): Output =>
  functionCall === undefined
    ? {
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: text ?? "" }]
    }
    : {
      type: "function_call",
      callId: functionCall.id ?? `call-${index}`,
      name: functionCall.name,
      status: "completed",
      arguments: JSON.stringify(functionCall.args ?? {}),
      providerData: { signature: thoughtSignature }
    }

/** The model at this address, whose paths are those of the Gemini API. */
export const make = (url: string): Model => ({
  getResponse: async ({ handoffs, input, systemInstructions, tools }): Promise<ModelResponse> => {
    const declared = [
      ...tools.flatMap((tool) =>
        tool.type === "function"
          ? [{ name: tool.name, description: tool.description, parametersJsonSchema: tool.parameters }]
          : []
      ),
      ...handoffs.map(({ inputJsonSchema, toolDescription, toolName }) => ({
        name: toolName,
        description: toolDescription,
        parametersJsonSchema: inputJsonSchema
      }))
    ]
    const items: ReadonlyArray<Item> = typeof input === "string" ? [{ role: "user", content: input }] : input
    const response = await fetch(`${url}/v1beta/models/gemini-3.8-flash:generateContent`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-goog-api-key": "bench" },
      body: JSON.stringify({
        systemInstruction: { parts: [{ text: systemInstructions }] },
        contents: items.map(contentOf),
        ...(declared.length === 0 ? {} : { tools: [{ functionDeclarations: declared }] })
      })
    })
    if (!response.ok) throw new Error(`the server says ${response.status}: ${await response.text()}`)
    const { candidates: [{ content }] } = await response.json() as {
      readonly candidates: readonly [{ readonly content: { readonly parts: ReadonlyArray<Part> } }]
    }
    return { usage: new Usage({ requests: 1 }), output: content.parts.map(outputOf) }
  },
  getStreamedResponse: () => {
    throw new Error("nobody streams here")
  }
})
