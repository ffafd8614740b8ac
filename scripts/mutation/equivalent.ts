// The mutants that change nothing that anybody could see. Each is known by its file, its mutator and the code of its
// line, so that it stays known when lines move; and each says why.

export interface Equivalent {
  readonly file: string
  readonly mutator: string
  /** The whole line of the mutant's start, without the spaces around it. */
  readonly line: string
  /** What stands in the place of the original; every replacement where it is absent. */
  readonly replacement?: string
  readonly why: string
}

const finish = "packages/ai/src/internal/FinishFold.ts"
const signatures = "packages/ai/src/internal/signatures.ts"

export const equivalents: ReadonlyArray<Equivalent> = [
  {
    file: "packages/gemini/src/internal/live/ToolRunner.ts",
    mutator: "ConditionalExpression",
    line: "if (call.id) seen.delete(call.id)",
    replacement: "true",
    why: "A call without an id is never remembered, so there is nothing to forget."
  },
  {
    file: "packages/emulator/src/Quota.ts",
    mutator: "ConditionalExpression",
    line: "const day = limits.rpd === undefined ? \"\" : pacificDay(time)",
    replacement: "false",
    why: "Without a limit a day nobody reads the day's count; the question saves the calendar."
  },
  {
    file: "packages/gemini/src/internal/members/Refusals.ts",
    mutator: "ConditionalExpression",
    line: "if (this.#refusals.size > 0) this.#forget(keysOf(site))",
    replacement: "true",
    why: "Where nothing is refused there is nothing to forget; the question saves three texts an answer."
  },
  {
    file: "packages/gemini/src/internal/batches/JobRows.ts",
    mutator: "ArithmeticOperator",
    line: "this.#bits = new Uint8Array(Math.ceil(size / 8))",
    replacement: "size * 8",
    why: "There is only more room than places: nobody reads a bit that was not asked for."
  },
  {
    file: finish,
    mutator: "OptionalChaining",
    line: "if (picture) return urlSource(id, picture, image?.title, google)",
    why: "The picture's address came out of the image, so there is one."
  },
  {
    file: finish,
    mutator: "ConditionalExpression",
    line: "if (!groundingSupports?.some(({ segment }) => Usage.count(segment?.partIndex) > 0)) return grounding",
    replacement: "true",
    why: "Stretches of the first part go through the walk unchanged; the question saves the walk."
  },
  {
    file: finish,
    mutator: "EqualityOperator",
    line: "if (!groundingSupports?.some(({ segment }) => Usage.count(segment?.partIndex) > 0)) return grounding",
    replacement: "Usage.count(segment?.partIndex) >= 0",
    why: "Stretches of the first part go through the walk unchanged; the question saves the walk."
  },
  {
    file: signatures,
    mutator: "EqualityOperator",
    line: "for (let i = current(placed); i < placed.length; i++) {",
    replacement: "i <= placed.length",
    why: "Behind the last content there is none, and the loop goes on."
  },
  {
    file: signatures,
    mutator: "ConditionalExpression",
    line: "if (at === undefined || at.content.role !== \"model\") continue",
    replacement: "false",
    why: "The index is always within the list; the type does not know it."
  },
  {
    file: signatures,
    mutator: "OptionalChaining",
    line: "name: part.functionCall?.name ?? \"\",",
    why: "The part was found by its call; the type does not know it."
  },
  {
    file: "packages/agents/src/internal/handing.ts",
    mutator: "OptionalChaining",
    line: "return [name, agent.handing(Handover.make(to.map((it) => [it, agents[it]?.description]), schema))]",
    why: "Whoever an edge names was found among the agents above; the type does not know it."
  }
]
