/** Fifteen everyday tasks with `@google/genai` 3.3, as its documentation has them; `ours.ts` has the same. */
import { ApiError, createPartFromBase64, createPartFromUri, type GoogleGenAI } from "@google/genai"
import { z } from "zod"

const Recipe = z.object({ title: z.string(), minutes: z.number(), steps: z.array(z.string()) })
const City = z.object({ city: z.string() })
const model = "gemini-3.8-flash"

export const ask = async (ai: GoogleGenAI, prompt: string) => {
  const response = await ai.models.generateContent({ model, contents: prompt })
  return response.text
}

export const settings = async (ai: GoogleGenAI, prompt: string) => {
  const response = await ai.models.generateContent({
    model,
    contents: prompt,
    config: { systemInstruction: "Answer in one word.", temperature: 0, maxOutputTokens: 100 }
  })
  return response.text
}

export const stream = async (ai: GoogleGenAI, prompt: string, write: (text: string) => void, signal?: AbortSignal) => {
  const config = signal === undefined ? {} : { abortSignal: signal }
  for await (const chunk of await ai.models.generateContentStream({ model, contents: prompt, config })) {
    write(chunk.text ?? "")
  }
}

export const askWithin = async (ai: GoogleGenAI, prompt: string, signal: AbortSignal) => {
  const response = await ai.models.generateContent({ model, contents: prompt, config: { abortSignal: signal } })
  return response.text
}

export const json = async (ai: GoogleGenAI, dish: string) => {
  const response = await ai.models.generateContent({
    model,
    contents: `A recipe for ${dish}`,
    config: { responseMimeType: "application/json", responseJsonSchema: z.toJSONSchema(Recipe) }
  })
  return Recipe.parse(JSON.parse(response.text ?? ""))
}

export const tools = async (ai: GoogleGenAI, prompt: string, weather: (city: string) => Promise<object>) => {
  const parametersJsonSchema = z.toJSONSchema(City)
  const declaration = { name: "weather", description: "The weather in a city", parametersJsonSchema }
  const tool = {
    tool: async () => ({ functionDeclarations: [declaration] }),
    callTool: async (calls: ReadonlyArray<{ readonly args?: unknown }>) =>
      Promise.all(calls.map(async ({ args }) => ({
        functionResponse: { name: "weather", response: { ...await weather(City.parse(args).city) } }
      })))
  }
  const response = await ai.models.generateContent({ model, contents: prompt, config: { tools: [tool] } })
  return response.text
}

export const chat = async (ai: GoogleGenAI, first: string, second: string) => {
  const chat = ai.chats.create({ model, config: { systemInstruction: "Be brief." } })
  await chat.sendMessage({ message: first })
  const response = await chat.sendMessage({ message: second })
  return response.text
}

export const streamedChat = async (ai: GoogleGenAI, messages: ReadonlyArray<string>, write: (text: string) => void) => {
  const chat = ai.chats.create({ model })
  for (const message of messages) {
    for await (const chunk of await chat.sendMessageStream({ message })) write(chunk.text ?? "")
  }
  return chat.getHistory()
}

export const image = async (ai: GoogleGenAI, png: Uint8Array<ArrayBuffer>) => {
  const data = Buffer.from(png).toString("base64")
  const response = await ai.models.generateContent({
    model,
    contents: [createPartFromBase64(data, "image/png"), "What is in this picture?"]
  })
  return response.text
}

export const file = async (ai: GoogleGenAI, text: string) => {
  const file = await ai.files.upload({ file: new Blob([text]), config: { mimeType: "text/plain" } })
  const part = createPartFromUri(file.uri ?? "", file.mimeType ?? "")
  const contents = [part, "Sum it up."]
  const response = await ai.models.generateContent({ model, contents })
  return response.text
}

export const embed = async (ai: GoogleGenAI, texts: Array<string>) => {
  const response = await ai.models.embedContent({ model: "gemini-embedding-001", contents: texts })
  return response.embeddings?.map(({ values }) => values)
}

export const count = async (ai: GoogleGenAI, text: string) => {
  const { totalTokens } = await ai.models.countTokens({ model, contents: text })
  return totalTokens
}

export const models = async (ai: GoogleGenAI) => {
  const names = []
  for await (const model of await ai.models.list()) names.push(model.name)
  return names
}

export const excuse = async (ai: GoogleGenAI, prompt: string) => {
  try {
    const response = await ai.models.generateContent({ model, contents: prompt })
    if (response.promptFeedback?.blockReason || response.text === undefined) return "Let us not."
    return response.text
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return [408, 429, 500, 502, 503, 504].includes(error.status) ? "Later, please." : "That does not work."
  }
}

export const endpoint = async (ai: GoogleGenAI, request: Request) => {
  const { prompt } = await request.json()
  const config = { abortSignal: request.signal }
  const chunks = await ai.models.generateContentStream({ model, contents: prompt, config })
  const events = new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) return controller.close()
      controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify({ text: value.text })}\n\n`))
    }
  })
  return new Response(events, { headers: { "content-type": "text/event-stream" } })
}
