// The size of a test that also runs large: small in `pnpm test`, whole under `pnpm prove LINE [SEED]`.

/** Whether this run is the large one of this line. */
export const isProving = (line: string): boolean => process.env["PROVE"] === line

/** The size that this run has. */
export const sizeOf = <A>(line: string, sizes: { readonly test: A; readonly prove: A }): A =>
  isProving(line) ? sizes.prove : sizes.test

/** The seed of this run: the one that was given, else the one that the tests always use. */
export const seedOf = (line: string, usual: number): number =>
  isProving(line) && process.env["PROVE_SEED"] !== undefined ? Number(process.env["PROVE_SEED"]) : usual
