// Prints the mutants of the files that it is given, as JSON: `node listMutants.mjs EXCLUDED_AS_JSON FILE...`. It is no
// TypeScript, because the declarations of Stryker's packages are not sound under this repository's options.
import { createInstrumenter } from "@stryker-mutator/instrumenter"
import { readFileSync } from "node:fs"
import { createInjector } from "typed-inject"

const [excluded, ...files] = process.argv.slice(2)
const nothing = () => {}
const never = () => false
const logger = {
  isTraceEnabled: never,
  isDebugEnabled: never,
  isInfoEnabled: never,
  isWarnEnabled: never,
  isErrorEnabled: never,
  isFatalEnabled: never,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing
}

const found = await createInjector().provideValue("logger", logger).injectFunction(createInstrumenter).instrument(
  files.map((name) => ({ name, content: readFileSync(name, "utf8"), mutate: true })),
  { plugins: null, excludedMutations: JSON.parse(excluded), ignorers: [], noHeader: true }
)
// What is excluded is found all the same, and called ignored.
const mutants = found.mutants.filter(({ status }) => status !== "Ignored")
process.stdout.write(JSON.stringify(mutants.map(({ fileName, location, mutatorName, replacement }) => ({
  file: fileName,
  from: [location.start.line + 1, location.start.column + 1],
  to: [location.end.line + 1, location.end.column + 1],
  mutator: mutatorName,
  replacement
}))))
