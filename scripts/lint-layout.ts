// The house rules that no linter knows: module names, banned words, no switches on model names.
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { basename } from "node:path"

const root = `${import.meta.dirname}/..`
const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "packages/*/src"], {
  cwd: root,
  encoding: "utf8"
})
  .split("\n")
  .filter((file) => file.endsWith(".ts"))

const problems: Array<string> = []
for (const file of files) {
  let text: string
  try {
    text = readFileSync(`${root}/${file}`, "utf8")
  } catch {
    continue // deleted, not yet committed
  }
  const name = basename(file, ".ts")
  const isPublic = !file.includes("/internal/") && !file.startsWith("packages/bench") &&
    !file.startsWith("packages/examples")
  if (isPublic && !/^([A-Z]\w*|index|bin)$/.test(name)) {
    problems.push(`${file}: a public module is one noun in PascalCase`)
  }
  if (/util|helper|manager|common/i.test(name)) problems.push(`${file}: name it after what it holds`)
  if (/(startsWith|includes|match|test)\(\s*["'/^]*gemini-\d/.test(text)) {
    problems.push(`${file}: no behaviour may hang on a model-name prefix; put it into dated data`)
  }
  if (isPublic && name !== "index" && name !== "bin" && !text.startsWith("/**")) {
    problems.push(`${file}: a module opens with a header that says what it is`)
  }
}
for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1
