/** From the options of a session to the setup that is sent. Pure. */
import type { ConnectOptions, SetupFields } from "../../GeminiLive.ts"
import type * as LiveProtocol from "../../live/LiveProtocol.ts"
import type * as LiveTools from "../../live/LiveTools.ts"
import * as ModelId from "../../models/ModelId.ts"
import type * as LiveModels from "./liveModels.ts"

const sessionOptions: ReadonlySet<string> = new Set([
  "model",
  "systemInstruction",
  "resumeFrom",
  "reconnect",
  "functions",
  "functionConcurrency",
  "timeouts",
  "ping",
  "inboundLimit",
  "mediaLimit",
  "unreadable"
])

/** The declarations as the model takes them, with `behavior` only if the model has it. */
const declared = (tools: LiveTools.LiveTools<never>["declarations"], known: LiveModels.LiveModel) =>
  tools.map(({ behavior, ...declaration }) =>
    behavior !== undefined && behavior !== null && known.behavior.takes.includes(behavior)
      ? { ...declaration, behavior }
      : declaration
  )

export const make = (
  model: ModelId.ModelId,
  known: LiveModels.LiveModel,
  options: ConnectOptions<unknown>
): LiveProtocol.Setup => {
  const fields: SetupFields = Object.fromEntries(
    Object.entries(options).filter(([name, value]) => !sessionOptions.has(name) && value !== undefined)
  )
  const { reconnect, resumeFrom, systemInstruction } = options
  const generationConfig = {
    ...fields.generationConfig,
    responseModalities: fields.generationConfig?.responseModalities ?? [known.output]
  }
  const isSpoken = generationConfig.responseModalities.includes("AUDIO")
  const functions = options.functions?.declarations ?? []
  const isResumed = (reconnect !== undefined && reconnect !== false) || resumeFrom !== undefined
  const isTransparent = typeof reconnect === "object" && reconnect.transparent === true
  return {
    ...fields,
    model: ModelId.resource(model),
    generationConfig,
    ...(systemInstruction === undefined ? {} : {
      systemInstruction: typeof systemInstruction === "string"
        ? { parts: [{ text: systemInstruction }] }
        : systemInstruction
    }),
    ...(functions.length === 0 ? {} : {
      tools: [...fields.tools ?? [], { functionDeclarations: declared(functions, known) }]
    }),
    // The transcription of what the model says is what is read; `null` leaves it out.
    ...(isSpoken && fields.outputAudioTranscription === undefined ? { outputAudioTranscription: {} } : {}),
    ...(isResumed ? { sessionResumption: isTransparent ? { transparent: true } : {} } : {})
  }
}
