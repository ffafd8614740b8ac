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

export const equivalents: ReadonlyArray<Equivalent> = []
