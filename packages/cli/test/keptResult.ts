/** A result of an act, as a state keeps it, with so many characters. */
export const result = (act: string, length: number) => ({
  act,
  model: "gemini-3.8-flash",
  text: "x".repeat(length),
  usage: {
    promptTokens: 1,
    cachedTokens: 0,
    toolUsePromptTokens: 0,
    thoughtsTokens: 0,
    candidatesTokens: 1,
    totalTokens: 2
  },
  finishReason: "STOP",
  attempts: [],
  startedAt: 1,
  duration: 5
})
