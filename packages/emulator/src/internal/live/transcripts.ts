/**
 * What was heard in some audio, as text: by whom, and at which times where the setup asks for them. Nobody listens here:
 * the words come from the options, or say how long the speech was.
 */
import type { HeardAudio, HeardSegment, LiveOptions } from "../../LiveOptions.ts"
import * as Json from "../json.ts"

export interface Transcripts {
  /** The words for the history. */
  readonly text: (audio: HeardAudio) => string
  /** The `inputTranscription` of the audio, one for each speaker. There are none where the setup does not ask. */
  readonly final: (audio: HeardAudio) => ReadonlyArray<Json.Json>
  /** The `interimInputTranscription` of what has been heard so far. */
  readonly interim: (audio: HeardAudio) => Json.Json | undefined
}

const wordsOf = (text: string): ReadonlyArray<string> => text.match(/\S+/g) ?? []

const offset = (millis: number): string => `${Math.round(millis) / 1000}s`

export const make = (setup: Json.Json, live: Pick<LiveOptions, "interimTranscripts" | "transcribe">): Transcripts => {
  const config = setup["inputAudioTranscription"]
  const diarized = Json.at(config, "diarization") === true
  const timed = Json.at(config, "wordTimestamp") === true

  const segments = (audio: HeardAudio): ReadonlyArray<HeardSegment> => {
    const heard = live.transcribe?.(audio) ?? `Speech of ${(audio.millis / 1000).toFixed(2)} seconds.`
    return typeof heard === "string" ? [{ text: heard, speakerLabel: "spk_1" }] : heard
  }
  const text: Transcripts["text"] = (audio) => segments(audio).map((each) => each.text).join(" ")

  return {
    text,
    final: (audio) => {
      if (config === undefined) return []
      const said = segments(audio)
      // Every word takes as long as any other.
      const perWord = audio.millis / Math.max(1, said.reduce((sum, each) => sum + wordsOf(each.text).length, 0))
      let at = 0
      const timesOf = (segment: HeardSegment) => {
        const startOffset = offset(at)
        const words = wordsOf(segment.text).map((word) => ({
          word,
          startOffset: offset(at),
          endOffset: offset(at += perWord)
        }))
        return { words, startOffset, endOffset: offset(at) }
      }
      return said.map((segment) => ({
        text: segment.text,
        ...(diarized && segment.speakerLabel !== undefined ? { speakerLabel: segment.speakerLabel } : {}),
        ...(timed ? timesOf(segment) : {})
      }))
    },
    interim: (audio) => live.interimTranscripts === true && config !== undefined ? { text: text(audio) } : undefined
  }
}
