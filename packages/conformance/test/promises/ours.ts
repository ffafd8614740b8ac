/** Fifteen everyday tasks with `effect-gemini-promises`; `theirs.ts` has the same, and `Everyday.test.ts` runs both. */
import { eventResponse, type Gemini, GeminiError } from "effect-gemini-promises"
import { Files } from "effect-gemini/files/Files"
import { z } from "zod"

const Recipe = z.object({ title: z.string(), minutes: z.number(), steps: z.array(z.string()) })
const City = z.object({ city: z.string() })

export const ask = async (gemini: Gemini, prompt: string) => {
  const answer = await gemini.generate(prompt)
  return answer.text
}

export const settings = async (gemini: Gemini, prompt: string) => {
  const answer = await gemini.generate({
    contents: prompt,
    systemInstruction: "Answer in one word.",
    generationConfig: { temperature: 0, maxOutputTokens: 100 }
  })
  return answer.text
}

export const stream = async (gemini: Gemini, prompt: string, write: (text: string) => void, signal?: AbortSignal) => {
  for await (const chunk of gemini.stream(prompt, { signal })) {
    write(chunk.text)
  }
}

export const askWithin = async (gemini: Gemini, prompt: string, signal: AbortSignal) => {
  const answer = await gemini.generate(prompt, { signal })
  return answer.text
}

export const json = async (gemini: Gemini, dish: string) => {
  const { value } = await gemini.object({ schema: Recipe, contents: `A recipe for ${dish}` })
  return value
}

export const tools = async (gemini: Gemini, prompt: string, weather: (city: string) => Promise<object>) => {
  const description = "The weather in a city"
  const answer = await gemini.generate({
    contents: prompt,
    tools: { weather: { description, parameters: City, execute: ({ city }) => weather(city) } }
  })
  return answer.text
}

export const chat = async (gemini: Gemini, first: string, second: string) => {
  const chat = gemini.chat({ systemInstruction: "Be brief." })
  await chat.send(first)
  const answer = await chat.send(second)
  return answer.text
}

export const streamedChat = async (gemini: Gemini, messages: ReadonlyArray<string>, write: (text: string) => void) => {
  const chat = gemini.chat()
  for (const message of messages) {
    for await (const chunk of chat.stream(message)) write(chunk.text)
  }
  return chat.history
}

export const image = async (gemini: Gemini, png: Uint8Array<ArrayBuffer>) => {
  const data = Buffer.from(png).toString("base64")
  const answer = await gemini.generate({
    contents: [{ inlineData: { mimeType: "image/png", data } }, { text: "What is in this picture?" }]
  })
  return answer.text
}

export const file = async (gemini: Gemini, text: string) => {
  const files = await gemini.with(Files)
  const { file } = await files.upload(new Blob([text]), { mimeType: "text/plain" })
  const fileData = { fileUri: file.uri ?? "", mimeType: "text/plain" }
  const answer = await gemini.generate([{ fileData }, { text: "Sum it up." }])
  return answer.text
}

export const embed = async (gemini: Gemini, texts: Array<string>) => {
  const { vectors } = await gemini.embed(texts)
  return vectors
}

export const count = async (gemini: Gemini, text: string) => {
  const { totalTokens } = await gemini.countTokens(text)
  return totalTokens
}

export const models = async (gemini: Gemini) => {
  const names = []
  for await (const model of gemini.models()) names.push(model.name)
  return names
}

export const excuse = async (gemini: Gemini, prompt: string) => {
  try {
    return (await gemini.generate(prompt)).text
  } catch (error) {
    if (!(error instanceof GeminiError)) throw error
    if (error.reason._tag === "PromptBlocked" || error.reason._tag === "ResponseBlocked") return "Let us not."
    return error.isRetryable ? "Later, please." : "That does not work."
  }
}

export const endpoint = async (gemini: Gemini, request: Request) => {
  const { prompt } = await request.json()
  return eventResponse(gemini.stream(prompt, { signal: request.signal }))
}
