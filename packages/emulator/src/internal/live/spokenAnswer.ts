/** A scripted answer as a turn of a Live session, or what keeps it from being one. */
import type * as Answer from "../../Answer.ts"
import * as Scripted from "../answers/scripted.ts"
import type * as Utterance from "../answers/Utterance.ts"
import type { Setting } from "./turnSetting.ts"

/** Neither a turn nor a misfit: the answer is spoken as it is, or leaves the turn to the generator. */
export interface ReadAnswer {
  readonly turn?: Utterance.Utterance | undefined
  readonly misfit?: string | undefined
  /** Whether `invalid = true` would send what does not fit. */
  readonly isForced?: boolean | undefined
}

type Session = Pick<Setting, "calling" | "history" | "model" | "row" | "seed" | "setup" | "values" | "voice">

const composed = (given: Answer.AnswerFields, session: Session, turn: number): Scripted.Composed => {
  const { finishReason, invalid } = given
  if (finishReason !== undefined && finishReason !== "STOP" && invalid !== true) {
    return { misfit: `finishReason: a turn of Live has none; ${finishReason} is for generateContent` }
  }
  const { generationConfig, systemInstruction, toolConfig, tools } = session.setup
  const responseModalities = [session.voice.audio ? "AUDIO" : "TEXT"]
  return Scripted.compose(given, {
    model: session.model,
    row: session.row,
    body: {
      contents: session.history.contents,
      systemInstruction,
      tools,
      toolConfig,
      generationConfig: { ...Object(generationConfig), responseModalities }
    },
    seed: `${session.seed}\n${turn}`,
    calling: session.calling,
    values: session.values
  })
}

/** `turn` is the number of the model's turn. */
export const read = (given: Answer.AnswerFields, session: Session, turn: number): ReadAnswer => {
  if (given.raw !== undefined) {
    return { misfit: "raw: a message of Live has no bytes of its own; chunks are sent as they are" }
  }
  const isPlain = Object.keys(given).every((name) => name === "text" || !Scripted.isPiece(name))
  if (isPlain || !Scripted.speaks(given)) return {}
  const made = composed(given, session, turn)
  return "misfit" in made ? { misfit: made.misfit, isForced: true } : { turn: made.turn }
}
