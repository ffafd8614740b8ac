/** Events → lines of text, for people and for pipes. Pure. */
import type { ActResult, Totals } from "effect-gemini-narrative/ActResult"
import type { Retrying, Waiting } from "effect-gemini-narrative/NarrativeEvent"
import type { RunTotals } from "effect-gemini-narrative/RunRecord"
import type { Usage } from "effect-gemini/wire/Usage"
import * as CliOutput from "effect/cli/CliOutput"
import { cleanLine, Shown, shown } from "./Shown.ts"

export interface Style {
  readonly strong: (text: string) => Shown
  readonly faint: (text: string) => Shown
}

const unstyled = (text: string): Shown => Shown.styled("", text, "")

export const plain: Style = { strong: unstyled, faint: unstyled }

export const coloured: Style = {
  strong: (text) => Shown.styled("\x1b[1m", text, "\x1b[22m"),
  faint: (text) => Shown.styled("\x1b[2m", text, "\x1b[22m")
}

/** Cuts a line to a number of cells of the terminal. */
export const fit = (line: string, columns: number): string => {
  const characters = Array.from(cleanLine(line))
  while (characters.length > 0 && CliOutput.displayWidth(characters.join("")) > columns) characters.pop()
  return characters.join("")
}

/** Milliseconds as people say them: `0.8 s`, `42 s`, `2 min 5 s`. */
export const time = (millis: number): string => {
  if (millis < 9_950) return `${(millis / 1000).toFixed(1)} s`
  const seconds = Math.round(millis / 1000)
  if (seconds < 60) return `${seconds} s`
  const rest = seconds % 60
  if (seconds < 3600) return rest === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${rest} s`
  const minutes = Math.round(seconds / 60)
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

/** A character that turns as time goes on; `now` in milliseconds. */
export const spinner = (now: number): string => frames.charAt(Math.floor(now / 100) % frames.length)

const tokens = (all: number, input: number, output: number): string => `${all} tokens (${input} in, ${output} out)`

export const heading = (act: string, model: string, { faint, strong }: Style): Shown =>
  shown`${strong(cleanLine(`== ${act}`))} ${faint(cleanLine(`(${model})`))}`

/** Said of an answer that the model did not end by itself, because the next act builds on it. */
export const cut = (finishReason: string | undefined): string =>
  finishReason === "MAX_TOKENS"
    ? "; cut at max_output_tokens"
    : finishReason === undefined || finishReason === "STOP"
    ? ""
    : `; ended by ${finishReason}`

/** The tokens of an answer: thoughts are output, what tools read is input. */
export const used = (usage: Usage | undefined): string =>
  usage === undefined ? "tokens not counted" : tokens(
    usage.totalTokens,
    usage.promptTokens + usage.toolUsePromptTokens,
    usage.candidatesTokens + usage.thoughtsTokens
  )

export const footer = ({ duration, finishReason, model, usage }: ActResult, { faint }: Style): Shown =>
  faint(cleanLine(`-- ${model}: ${used(usage)} in ${time(duration)}${cut(finishReason)}`))

/** Dollars as people read them: `$0.0012`, `$1.25`, `<$0.0001`; `~` before what is partly estimated. */
export const money = (dollars: string | undefined, isRough: boolean): string => {
  if (dollars === undefined) return "-"
  const amount = Number(dollars)
  if (!Number.isFinite(amount)) return "-"
  const digits = amount === 0 ? "$0" : amount < 0.0001 ? "<$0.0001" : `$${amount.toFixed(amount < 1 ? 4 : 2)}`
  return isRough ? `~${digits}` : digits
}

/** `dollars` of a rehearsal are what Google would have billed. */
export const summary = (totals: Totals, { dollars, isPartial }: RunTotals, isRehearsal: boolean): string => {
  const cost = dollars === undefined ? "" : `, ${isRehearsal ? "would cost " : ""}${money(dollars, isPartial)}`
  return `${totals.acts} act${totals.acts === 1 ? "" : "s"}, ${
    tokens(totals.totalTokens, totals.promptTokens, totals.outputTokens)
  }${cost} in ${time(totals.duration)}`
}

export const waiting = ({ act, lane, until }: Waiting, now: number): string =>
  `${act} waits for ${lane.quotaModel}'s quota${until === undefined ? "" : `, ${time(Math.max(0, until - now))} left`}`

export const retrying = ({ act, attempt, delay, error }: Retrying): string =>
  `${act}: attempt ${attempt} failed (${error.reason._tag}), the next one in ${time(delay)}`

export const kept = (result: ActResult, { faint, strong }: Style): Shown =>
  shown`${strong(cleanLine(`== ${result.act}`))} ${faint("(kept from the run before)")}`
