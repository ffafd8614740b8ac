/**
 * The part of a request that is kept on the server, and can only be read with a key of the project that made it: its
 * cache, files, file search stores and voices, by their resource names. Pure.
 */
import type { Content } from "../../wire/Content.ts"
import type { GenerateContentRequest } from "../../wire/GenerateContent.ts"
import * as Names from "../resources/names.ts"

/** A resource and the place in the request that names it. */
export interface Held {
  readonly field: string
  readonly resource: string
  /** What errors call it, if they must not tell its name. */
  readonly shown?: string
}

const filesIn = (contents: ReadonlyArray<Content> | null | undefined): ReadonlyArray<Held> =>
  (contents ?? []).flatMap(({ parts }, content) =>
    (parts ?? []).flatMap(({ fileData }, part) => {
      const uri = fileData?.fileUri
      // A file that lies elsewhere does not belong to a member.
      const resource = typeof uri === "string" ? Names.nameOf(uri) : undefined
      return resource === undefined
        ? []
        : [{ field: `contents[${content}].parts[${part}].fileData.fileUri`, resource }]
    })
  )

const storesIn = (tools: GenerateContentRequest["tools"]): ReadonlyArray<Held> =>
  (tools ?? []).flatMap((tool, index) =>
    (tool?.fileSearch?.fileSearchStoreNames ?? []).flatMap((store, place) => {
      const resource = typeof store === "string" ? Names.nameOf(store) : undefined
      return resource === undefined
        ? []
        : [{ field: `tools[${index}].fileSearch.fileSearchStoreNames[${place}]`, resource }]
    })
  )

/** The names of voices that somebody made. The prebuilt ones belong to everybody. */
const isMade = /^voice(?:key)?_/

const voicesIn = (config: GenerateContentRequest["generationConfig"]): ReadonlyArray<Held> => {
  const { multiSpeakerVoiceConfig, voiceConfig } = config?.speechConfig ?? {}
  const at = "generationConfig.speechConfig"
  const said = [
    [`${at}.voiceConfig.voice`, voiceConfig?.voice],
    ...(multiSpeakerVoiceConfig?.speakerVoiceConfigs ?? []).map((speaker, index) =>
      [
        `${at}.multiSpeakerVoiceConfig.speakerVoiceConfigs[${index}].voiceConfig.voice`,
        speaker?.voiceConfig?.voice
      ] as const
    )
  ] as const
  return said.flatMap(([field, voice]) =>
    typeof voice === "string" && isMade.test(voice) ? [{ field, resource: `voices/${voice}` }] : []
  )
}

export const heldBy = (
  request: Pick<GenerateContentRequest, "contents" | "cachedContent" | "tools" | "generationConfig">
): ReadonlyArray<Held> => {
  const cache = request.cachedContent
  const resource = typeof cache === "string" ? Names.nameOf(cache) ?? cache : undefined
  return [
    ...(resource === undefined || resource === "" ? [] : [{ field: "cachedContent", resource }]),
    ...filesIn(request.contents),
    ...storesIn(request.tools),
    ...voicesIn(request.generationConfig)
  ]
}
