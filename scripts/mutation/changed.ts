// The lines that changed since a commit, by file.
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"

const git = (root: string, ...args: ReadonlyArray<string>): string =>
  execFileSync("git", [...args], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 256 * 2 ** 20,
    stdio: ["ignore", "pipe", "ignore"]
  })

/** Whether this checkout has the commit: a clone without its history has not. */
export const hasCommit = (root: string, commit: string): boolean => {
  try {
    git(root, "cat-file", "-e", `${commit}^{commit}`)
    return true
  } catch {
    return false
  }
}

/** The lines that were added or changed since the commit, uncommitted ones too, for each file that is there. */
export const changedLines = (root: string, since: string): ReadonlyMap<string, ReadonlySet<number>> => {
  const lines = new Map<string, Set<number>>()
  let file: Set<number> | undefined
  for (
    const line of git(root, "diff", "--unified=0", "--no-color", "--no-renames", since, "--", "packages").split("\n")
  ) {
    if (line.startsWith("+++ ")) {
      file = line.startsWith("+++ b/") ? new Set() : undefined
      if (file !== undefined) lines.set(line.slice(6), file)
      continue
    }
    const hunk = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line)
    if (hunk === null || file === undefined) continue
    const first = Number(hunk[1])
    for (let nth = 0; nth < Number(hunk[2] ?? 1); nth++) file.add(first + nth)
  }
  // Files that git does not know yet are new from their first line to their last.
  for (const name of git(root, "ls-files", "--others", "--exclude-standard", "--", "packages").split("\n")) {
    if (name === "") continue
    const ends = readFileSync(join(root, name), "utf8").replace(/\n$/, "").split("\n")
    lines.set(name, new Set(ends.map((_, place) => place + 1)))
  }
  return lines
}

/** The files of the checkout that git knows or would add. */
export const filesOf = (root: string, under: ReadonlyArray<string>): ReadonlyArray<string> =>
  git(root, "ls-files", "--cached", "--others", "--exclude-standard", "--", ...under).split("\n").filter((name) =>
    name !== ""
  )
