// A second checkout in a folder of its own, in which the mutants are planted: the working tree is never touched, also
// where a run is killed.
import { execFileSync } from "node:child_process"
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { filesOf } from "./changed.ts"

/** The files as they stand, committed or not, with dependencies of their own, so that packages see each other's mutants. */
export const secondCheckout = (root: string): { readonly path: string; readonly remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), "effect-gemini-mutants-"))
  const remove = (): void => rmSync(path, { recursive: true, force: true })
  try {
    // A test that plays another user reads the tree too.
    chmodSync(path, 0o755)
    for (const name of filesOf(root, ["."])) {
      if (!existsSync(join(root, name))) continue
      mkdirSync(dirname(join(path, name)), { recursive: true })
      cpSync(join(root, name), join(path, name))
    }
    execFileSync("npx", ["-y", "pnpm@12", "install", "--frozen-lockfile", "--prefer-offline"], {
      cwd: path,
      stdio: ["ignore", "ignore", "inherit"]
    })
  } catch (error) {
    remove()
    throw error
  }
  return { path, remove }
}
