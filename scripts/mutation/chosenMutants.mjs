// A checker for Stryker, which takes whole ranges of code: it lets the chosen mutants through and no others in their
// ranges. Their keys stand beside it in chosenMutants.json. It is no TypeScript, because Stryker loads it by itself.
import { readFileSync } from "node:fs"
import { relative, sep } from "node:path"

class ChosenMutants {
  #keys = new Set()

  async init() {
    this.#keys = new Set(JSON.parse(readFileSync(new URL("./chosenMutants.json", import.meta.url), "utf8")))
  }

  async check(mutants) {
    return Object.fromEntries(mutants.map(({ fileName, id, location: { end, start }, mutatorName, replacement }) => {
      const file = relative(process.cwd(), fileName).split(sep).join("/")
      const key = JSON.stringify([file, start.line, start.column, end.line, end.column, mutatorName, replacement])
      return [id, this.#keys.has(key) ? { status: "passed" } : { status: "compileError", reason: "not chosen" }]
    }))
  }

  group(mutants) {
    return [mutants.map(({ id }) => id)]
  }
}

export const strykerPlugins = [{ kind: "Checker", name: "chosen", injectableClass: ChosenMutants }]
