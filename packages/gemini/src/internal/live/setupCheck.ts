/**
 * Finds what a setup may not hold, before anything is dialled. Only documented refusals stand here (September 2026);
 * the rest is judged by the server.
 */
import * as Result from "effect/Result"
import * as LiveProtocol from "../../live/LiveProtocol.ts"

export interface SetupProblem {
  readonly field: string
  readonly description: string
}

/** Settings of generateContent that the Live API does not have. */
const notLive: ReadonlyArray<string> = [
  "responseLogprobs",
  "logprobs",
  "responseMimeType",
  "responseSchema",
  "responseJsonSchema",
  "_responseJsonSchema",
  "responseFormat",
  "stopSequences",
  "routingConfig",
  "audioTimestamp"
]

const isSet = (value: unknown): boolean => value !== undefined && value !== null

export const check = (setup: LiveProtocol.Setup): ReadonlyArray<SetupProblem> => {
  const shaped = LiveProtocol.decodeSetup(setup)
  if (Result.isFailure(shaped)) {
    return [{ field: `setup.${shaped.failure.path}`, description: `expected ${shaped.failure.expected}` }]
  }
  const found: Array<SetupProblem> = []
  const wrong = (field: string, description: string): void => {
    found.push({ field: `setup.${field}`, description })
  }
  const config = setup.generationConfig ?? {}
  for (const name of notLive) {
    if (isSet(Reflect.get(config, name))) wrong(`generationConfig.${name}`, "is not supported by the Live API")
  }
  const modalities = config.responseModalities ?? []
  if (modalities.length > 1) {
    wrong("generationConfig.responseModalities", `one modality a session, not ${modalities.join(" and ")}`)
  }
  if (isSet(config.speechConfig?.multiSpeakerVoiceConfig)) {
    wrong("generationConfig.speechConfig.multiSpeakerVoiceConfig", "one voice a session")
  }
  setup.systemInstruction?.parts?.forEach((part, index) => {
    if (!isSet(part.text)) wrong(`systemInstruction.parts[${index}]`, "a system instruction is text only")
  })
  return found
}
