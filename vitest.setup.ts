// Guards every test: only loopback is ever dialled, and no key of the machine's is seen.
import { addEqualityTesters } from "@effect/vitest"
import { afterEach } from "vitest"
import { refused } from "./scripts/loopback.ts"

addEqualityTesters()

for (const name of Object.keys(process.env)) {
  if (/^(GEMINI|GOOGLE)_/.test(name)) delete process.env[name]
}
// Nor is any configuration of the machine's: this folder is not there.
process.env["GEMINI_FX_CONFIG"] = "/nowhere/gemini-fx"
process.env["NODE_OPTIONS"] = `--import ${new URL("./scripts/loopback.ts", import.meta.url).href}`

afterEach(() => {
  const hosts = refused.splice(0)
  if (hosts.length > 0) throw new Error(`the test tried to reach ${hosts.join(", ")}: only loopback is allowed`)
})
