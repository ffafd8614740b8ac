/** The fold of a run's entries, taken one after the other: what each key has, what was lost, and the sums. */
import type { Entry } from "effect-gemini-journal/Entry"
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import type { Decision } from "../Decision.ts"
import type { Plan } from "../Plan.ts"
import type { FailureCause, RunRecord, RunSettings, RunTotals, Spent, Standing } from "../RunRecord.ts"
import { standing } from "../RunRecord.ts"
import type { ActState, RunState } from "../RunState.ts"
import { inOrder } from "./instances.ts"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

const newAct = (act: string): Mutable<ActState> => ({
  act,
  status: "waiting",
  key: undefined,
  attempts: 0,
  mayHaveRun: false,
  model: undefined,
  usage: undefined,
  cost: undefined,
  finishReason: undefined,
  cause: undefined,
  startedAt: undefined,
  duration: undefined,
  question: undefined,
  decision: undefined,
  until: undefined
})

const zero = BigDecimal.fromBigInt(BigInt(0))

/** What a key was asked: how often, what of it was lost, and whether an ask is open. */
interface Asked {
  attempts: number
  mayHaveRun: boolean
  open: { readonly act: string; readonly estimate: Spent } | undefined
}

export class RunFold {
  readonly id: string
  #plan: Plan | undefined
  /** What was there when another text was adopted, whose plan is not known yet. */
  #before: { readonly plan: Plan; readonly acts: ReadonlyMap<string, Mutable<ActState>> } | undefined
  #settings: RunSettings = { concurrency: 1 }
  #library = ""
  #standing: Standing = "running"
  readonly #acts = new Map<string, Mutable<ActState>>()
  readonly #asked = new Map<string, Asked>()
  /** What somebody was asked, and what they decided, by the key of the act. */
  readonly #questions = new Map<string, { readonly act: string; decision: Decision | undefined }>()
  #causes: ReadonlyArray<{ readonly act: string; readonly cause: FailureCause }> = []
  #until: number | undefined
  #isStopped = false
  #forkedFrom: RunState["forkedFrom"]
  #createdAt = 0
  #updatedAt = 0
  #next = 0
  #pid: number | undefined
  readonly #tokens = { prompt: 0, output: 0, total: 0, charged: 0 }
  #dollars = zero
  #charged = zero
  #isEstimated = false
  #isPartial = false

  constructor(id: string) {
    this.id = id
  }

  /** The plan that is played; whoever reads the journal gives it where the record has only its digest. */
  set plan(plan: Plan) {
    this.#plan = plan
    for (const { name } of plan.acts) if (!this.#acts.has(name)) this.#acts.set(name, newAct(name))
    const before = this.#before
    if (before === undefined || before.plan === plan) return
    for (const name of unchanged(before.plan, plan)) {
      const kept = before.acts.get(name)
      if (kept !== undefined && isSettled(kept)) this.#acts.set(name, kept)
    }
  }

  get settings(): RunSettings {
    return this.#settings
  }

  get standing(): Standing {
    return this.#standing
  }

  get next(): number {
    return this.#next
  }

  /** How often the key was asked, and whether one of these may have run unheard. */
  askedOf(key: string): { readonly attempts: number; readonly mayHaveRun: boolean } {
    return this.#asked.get(key) ?? { attempts: 0, mayHaveRun: false }
  }

  /** What was decided about a key; undefined where nobody was asked yet. */
  questionOf(key: string): { readonly act: string; readonly decision: Decision | undefined } | undefined {
    return this.#questions.get(key)
  }

  /** The key about which somebody is asked before the act is sent, if it is undecided. */
  undecided(act: string): string | undefined {
    const { key, status } = this.#acts.get(act) ?? {}
    return status === "undecided" ? key : undefined
  }

  take(entry: Entry<RunRecord>): void {
    if (entry.seq < this.#next) return
    this.#next = entry.seq + 1
    this.#updatedAt = entry.at
    this.#pid = entry.writer.pid
    if (entry._tag === "Started") this.#createdAt = entry.at
    if (entry._tag === "Resumed") this.#lose()
    if (entry._tag === "Recorded") this.#record(entry.record, entry.at)
  }

  /** Its process has died: what was in flight is lost, and charged by its estimate. */
  #lose(): void {
    for (const asked of this.#asked.values()) {
      if (asked.open === undefined) continue
      const { act, estimate } = asked.open
      asked.open = undefined
      asked.mayHaveRun = true
      this.#act(act).mayHaveRun = true
      this.#charge(estimate, true)
    }
  }

  /** An act whose needs came out as before keeps its answer, too; that is known when all has ended. */
  #keepWhatWasNotAsked(): void {
    for (const [name, act] of this.#acts) {
      const kept = this.#before?.acts.get(name)
      if (act.status === "waiting" && act.key === undefined && kept !== undefined && isSettled(kept)) {
        this.#acts.set(name, kept)
      }
    }
  }

  #act(name: string): Mutable<ActState> {
    const known = this.#acts.get(name)
    if (known !== undefined) return known
    const act = newAct(name)
    this.#acts.set(name, act)
    return act
  }

  #charge({ dollars, tokens }: Spent, isEstimate: boolean): void {
    this.#tokens.charged += tokens
    if (dollars === undefined) this.#isPartial ||= tokens > 0
    else this.#charged = BigDecimal.sum(this.#charged, amountOf(dollars))
    if (isEstimate && tokens > 0) this.#isEstimated = true
  }

  #count(record: RunRecord & { readonly _tag: "ActAnswered" | "ActFailed" }): void {
    const { charged, usage } = record
    this.#charge(charged, charged.tokens > (usage?.totalTokens ?? 0))
    if (usage === undefined) return
    this.#tokens.prompt += usage.promptTokens + usage.toolUsePromptTokens
    this.#tokens.output += usage.candidatesTokens + usage.thoughtsTokens
    this.#tokens.total += usage.totalTokens
  }

  #record(record: RunRecord, at: number): void {
    this.#standing = standing(record)
    switch (record._tag) {
      case "Started":
        this.#settings = record.settings
        this.#library = record.library
        if ("plan" in record.content) this.plan = record.content.plan
        return
      case "Adopted":
        // The plan of the record may lie beside it, and is given later.
        if (this.#plan !== undefined) this.#before = { plan: this.#plan, acts: new Map(this.#acts) }
        this.#acts.clear()
        if ("plan" in record.content) this.plan = record.content.plan
        return
      case "Forked":
        this.#forkedFrom = { id: record.from, act: record.act }
        return
      case "Continued":
        this.#settings = record.settings
        return
      case "ActAsked": {
        const asked = this.#asked.get(record.key)
        this.#asked.set(record.key, {
          attempts: record.attempt,
          mayHaveRun: asked?.mayHaveRun ?? false,
          open: { act: record.act, estimate: record.estimate }
        })
        const act = this.#act(record.act)
        act.status = "asked"
        if (act.key !== record.key) act.mayHaveRun = false
        act.key = record.key
        act.attempts = record.attempt
        if (record.mayHaveRun === true) act.mayHaveRun = true
        act.model = record.model
        act.cause = undefined
        act.until = undefined
        act.startedAt = at
        return
      }
      case "ActAnswered": {
        this.#asked.delete(record.key)
        this.#count(record)
        if (record.cost !== undefined) this.#dollars = BigDecimal.sum(this.#dollars, amountOf(record.cost))
        const act = this.#act(record.act)
        act.status = "answered"
        act.key = record.key
        act.model = record.model
        act.usage = record.usage
        act.cost = record.cost
        act.finishReason = record.finishReason
        act.startedAt = record.startedAt
        act.duration = record.duration
        act.cause = undefined
        return
      }
      case "ActFailed": {
        const asked = this.#asked.get(record.key)
        if (asked !== undefined) asked.open = undefined
        this.#count(record)
        const act = this.#act(record.act)
        act.status = record.final ? "failed" : "paused"
        act.key = record.key
        act.cause = record.cause
        act.usage = record.usage
        act.startedAt = record.startedAt
        act.duration = record.duration
        return
      }
      case "ActSkipped":
        this.#act(record.act).status = "skipped"
        return
      case "Waiting": {
        const asked = this.#asked.get(record.key)
        const act = this.#act(record.act)
        if (asked?.open !== undefined) {
          // Nothing of this ask was sent.
          asked.open = undefined
          asked.attempts--
          act.attempts = asked.attempts
        }
        act.status = "waiting"
        act.cause = record.cause
        act.until = record.until
        return
      }
      case "ApprovalAsked": {
        this.#questions.set(record.key, { act: record.act, decision: undefined })
        const act = this.#act(record.act)
        act.status = "undecided"
        act.key = record.key
        act.question = record.question
        act.decision = undefined
        return
      }
      case "Decided": {
        this.#questions.set(record.key, { act: record.act, decision: record.decision })
        const act = this.#act(record.act)
        if (act.status === "undecided") act.status = "waiting"
        act.decision = record.decision
        return
      }
      case "Paused":
        // What was in flight was aborted, so nobody hears its answer.
        this.#lose()
        this.#causes = record.acts
        this.#until = record.until
        this.#isStopped = record.stopped === true
        return
      case "Cancelled":
      case "Finished":
        this.#lose()
        if (record._tag === "Finished") this.#keepWhatWasNotAsked()
        this.#causes = []
        this.#until = undefined
        return
    }
  }

  get totals(): RunTotals {
    const { charged, output, prompt, total } = this.#tokens
    return {
      promptTokens: prompt,
      outputTokens: output,
      totalTokens: total,
      dollars: BigDecimal.format(this.#dollars),
      charged: { tokens: charged, dollars: BigDecimal.format(this.#charged) },
      isEstimated: this.#isEstimated,
      isPartial: this.#isPartial
    }
  }

  #inOrder(): ReadonlyArray<ActState> {
    const groups = this.#plan?.acts.some(({ acts }) => acts !== undefined) ?? false
    // A plan without groups has each act once, and these were put in by its order.
    return groups ? inOrder(this.#plan?.acts ?? [], this.#acts) : [...this.#acts.values()]
  }

  get state(): RunState {
    return {
      id: this.id,
      title: this.#plan?.title ?? "",
      file: this.#plan?.file ?? "",
      standing: this.#standing,
      settings: this.#settings,
      budget: this.#settings.budget,
      library: this.#library,
      acts: this.#inOrder().map((act) => ({ ...act })),
      totals: this.totals,
      causes: this.#standing === "paused" ? this.#causes : [],
      until: this.#standing === "paused" ? this.#until : undefined,
      isStopped: this.#standing === "paused" && this.#isStopped,
      forkedFrom: this.#forkedFrom,
      createdAt: this.#createdAt,
      updatedAt: this.#updatedAt,
      next: this.#next,
      pid: this.#pid
    }
  }
}

/** What is final is not asked again: an answer, or a failure that cannot pass. */
const isSettled = ({ status }: ActState): boolean => status === "answered" || status === "failed"

/** The acts that ask the same in both plans, and need only such acts: their answers are kept. */
const unchanged = (before: Plan, now: Plan): ReadonlySet<string> => {
  const asked = (act: Plan["acts"][number]) => {
    const { acts, builtIn, each, generation, inputs, live, model, name, repeat, safety, system, tools } = act
    return JSON.stringify([name, model, system, inputs, generation, safety, builtIn, tools, live, each, repeat, acts])
  }
  const old = new Set(before.acts.map(asked))
  const same = new Set(now.acts.filter((act) => old.has(asked(act))).map(({ name }) => name))
  for (let size = -1; size !== same.size;) {
    size = same.size
    for (const { name, needs } of now.acts) if (!needs.every((need) => same.has(need))) same.delete(name)
  }
  return same
}

/** A decimal text of a record; one that cannot be read counts as nothing. */
const amountOf = (text: string): BigDecimal.BigDecimal => Option.getOrElse(BigDecimal.fromString(text), () => zero)
