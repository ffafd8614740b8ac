/** A narrative's run as a person reads it: where it stands, act by act, and what can be done next. Pure. */
import type { ActResult } from "effect-gemini-narrative/ActResult"
import type { RunSummary } from "effect-gemini-narrative/Runs"
import type { ActState, RunState } from "effect-gemini-narrative/RunState"
import * as Age from "../age.ts"
import * as Lines from "../lines.ts"
import { Shown, shown } from "../Shown.ts"
import { plural, table } from "../table.ts"
import type { Row } from "./rows.ts"

/** Whether a process of this machine is alive. Another one may have got its number since, which is rare. */
const isAlive = (pid: number | undefined): boolean => {
  // A run of a fleet has no process here.
  if (pid === undefined) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // The process is there, but belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/** A run that nobody ended, and whose process is gone, was cut off. */
export const isCutOff = ({ pid, standing }: Pick<RunState, "pid" | "standing">): boolean =>
  standing === "running" && !isAlive(pid)

export const stateOf = (run: Pick<RunState, "isStopped" | "pid" | "standing">): string =>
  isCutOff(run) ? "cut off" : run.standing === "paused" && run.isStopped ? "stopped" : run.standing

const isRough = ({ totals }: Pick<RunState, "totals">): boolean => totals.isEstimated || totals.isPartial

const later = (until: number | undefined, now: number): string =>
  until === undefined || until <= now ? "" : `worth resuming in ${Lines.time(until - now)}`

const whyOf = ({ causes, failed, until }: RunSummary, now: number): string => {
  const [first, ...rest] = causes
  const what = first === undefined
    ? failed.length === 0 ? "" : `${failed.join(", ")} failed`
    : first.cause.reason === "ApprovalNeeded"
    ? `${first.act} waits for approval`
    : `${first.act}: ${first.cause.reason}${rest.length === 0 ? "" : ` and ${plural(rest.length, "act")} more`}`
  return [what, later(until, now)].filter((text) => text !== "").join("; ")
}

export const row = (run: RunSummary, bytes: number, now: number): Row => ({
  id: run.id,
  kind: "narrative",
  title: run.title,
  state: stateOf(run),
  done: `${run.answered} of ${run.acts}`,
  tokens: run.totals.totalTokens,
  dollars: run.totals.charged.dollars,
  isRough: isRough(run),
  why: whyOf(run, now),
  bytes,
  updatedAt: run.updatedAt
})

/** The run with the answers that it kept from an older text: the records since then do not speak of these acts. */
export const withKept = (run: RunState, results: ReadonlyArray<ActResult>): RunState => ({
  ...run,
  acts: run.acts.map((act) => {
    const kept = act.status === "waiting" ? results.find((result) => result.act === act.act) : undefined
    return kept === undefined ? act : {
      ...act,
      status: "answered",
      model: kept.model,
      usage: kept.usage,
      finishReason: kept.finishReason,
      startedAt: kept.startedAt,
      duration: kept.duration
    }
  })
})

const words: Record<ActState["status"], string> = {
  waiting: "waits",
  undecided: "to be approved",
  asked: "asked",
  answered: "answered",
  paused: "to be asked",
  failed: "failed",
  skipped: "left out"
}

const actRow = (act: ActState): ReadonlyArray<string> => [
  act.act,
  words[act.status],
  act.model ?? "-",
  act.usage === undefined ? "-" : act.usage.totalTokens.toLocaleString("en-US"),
  act.cost === undefined ? "-" : Lines.money(act.cost, false),
  act.duration === undefined ? "-" : Lines.time(act.duration)
]

/** What stands in the way of an act, and what is odd about it. */
const notes = (run: RunState, now: number): ReadonlyArray<string> =>
  run.acts.flatMap((act) => [
    ...(act.question === undefined || act.status !== "undecided"
      ? []
      : [`${act.act} waits until somebody approves it: ${act.question}`]),
    ...(act.cause === undefined || act.status === "answered" || act.status === "undecided"
      ? []
      : [
        `${act.act}: ${act.cause.message} (${
          [
            act.cause.reason,
            ...(act.cause.model === undefined ? [] : [act.cause.model]),
            ...(act.cause.status === undefined ? [] : [`HTTP ${act.cause.status}`])
          ].join(", ")
        })`
      ]),
    ...(act.until === undefined || act.until <= now
      ? []
      : [`${act.act} waits for quota, ${Lines.time(act.until - now)} left`]),
    ...(act.mayHaveRun
      ? [`${act.act} was in flight when its process died: the model may have answered, and been paid, unheard`]
      : []),
    ...(act.finishReason === "MAX_TOKENS" ? [`${act.act} was cut at max_output_tokens`] : [])
  ])

const isOver = ({ standing }: RunState): boolean =>
  standing === "finished" || standing === "failed" || standing === "cancelled"

/** The commands that make sense from here. */
export const next = (run: RunState, now: number): ReadonlyArray<string> => {
  const [asked] = run.acts.filter(({ status }) => status === "undecided")
  if (asked !== undefined && !isOver(run)) {
    return [
      `to approve it:  gemini-fx runs decide ${run.id} ${asked.act} approve --by NAME`,
      `to deny it:     gemini-fx runs decide ${run.id} ${asked.act} deny --by NAME --reason TEXT`
    ]
  }
  switch (stateOf(run)) {
    case "finished":
      return []
    case "cancelled":
    case "failed":
      return [`to ask it anew from an act:  gemini-fx runs fork ${run.id} ACT`]
    case "running":
      return [`to watch it:  gemini-fx runs watch ${run.id}`, `to end it:    gemini-fx runs cancel ${run.id}`]
    default: {
      const when = later(run.until, now)
      return [`to go on:  gemini-fx runs resume ${run.id}${when === "" ? "" : `  (${when})`}`]
    }
  }
}

const sentence = (run: RunState, now: number): string => {
  const { charged, totalTokens } = run.totals
  const done = run.acts.filter(({ status }) => status === "answered").length
  const cost = charged.dollars === undefined || totalTokens === 0
    ? ""
    : `, ${Lines.money(charged.dollars, isRough(run))}`
  const fork = run.forkedFrom === undefined ? "" : `, a fork of ${run.forkedFrom.id} at ${run.forkedFrom.act}`
  const age = Age.say(now - run.createdAt)
  return `${run.file} "${run.title}", begun ${age === "now" ? age : `${age} ago`}${fork}; ${done} of ${
    plural(run.acts.length, "act")
  }, ` +
    `${totalTokens.toLocaleString("en-US")} tokens${cost}`
}

/** Everything about a run but its texts. */
export const text = (run: RunState, now: number, style: Lines.Style, columns: number): Shown => {
  const head = ["act", "state", "model", "tokens", "cost", "time"]
  const rows = run.acts.map(actRow)
  const whole = table(head, rows)
  const wide = Math.max(...whole.split("\n").map((line) => line.length))
  // The model is the widest column, and is in the file.
  const without = (row: ReadonlyArray<string>) => row.filter((_, i) => i !== 2)
  const acts = wide <= columns ? whole : table(without(head), rows.map(without))
  const parts: ReadonlyArray<ReadonlyArray<string>> = [acts.split("\n"), notes(run, now), next(run, now)]
  return shown`${style.strong(`${run.id}: ${stateOf(run)}`)}
${style.faint(sentence(run, now))}
${Shown.join(parts.filter((part) => part.length > 0).map((lines) => shown`\n${lines.join("\n")}\n`))}`
}
