// Tells which module imports which, and the rings among them. Run by itself it draws the rooms of each package as a
// Mermaid graph, for ARCHITECTURE.md: `node scripts/moduleGraph.ts [PACKAGE]`.
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"

export interface Import {
  readonly to: string
  readonly isType: boolean
}

export type Graph = ReadonlyMap<string, ReadonlyArray<Import>>

const statement = /^(?:import|export)\s+(type\s+)?[^;"]*?from\s+"(\.[^"]+)"/gms

export const moduleGraph = (root: string, files: ReadonlyArray<string>): Graph =>
  new Map(files.map((file) => [
    file,
    Array.from(readFileSync(join(root, file), "utf8").matchAll(statement), ([, type, path = ""]) => ({
      to: join(dirname(file), path),
      isType: type !== undefined
    }))
  ]))

/** The strongly connected parts of more than one module (Tarjan), over all imports or over those of values. */
export const rings = (graph: Graph, valuesAlone: boolean): ReadonlyArray<ReadonlyArray<string>> => {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const path: Array<string> = []
  const onPath = new Set<string>()
  const found: Array<ReadonlyArray<string>> = []
  const visit = (module: string): number => {
    const own = index.size
    let lowest = own
    index.set(module, own)
    path.push(module)
    onPath.add(module)
    for (const { isType, to } of graph.get(module) ?? []) {
      if (valuesAlone && isType || !graph.has(to)) continue
      if (!index.has(to)) lowest = Math.min(lowest, visit(to))
      else if (onPath.has(to)) lowest = Math.min(lowest, index.get(to) ?? own)
    }
    low.set(module, lowest)
    if (lowest === own) {
      const ring = path.splice(path.indexOf(module))
      for (const member of ring) onPath.delete(member)
      if (ring.length > 1) found.push(ring)
    }
    return lowest
  }
  for (const module of graph.keys()) if (!index.has(module)) visit(module)
  return found
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..")
  for (const name of process.argv.length > 2 ? process.argv.slice(2) : ["gemini", "emulator"]) {
    const files = execFileSync("git", ["ls-files", `:(glob)packages/${name}/src/**/*.ts`], {
      cwd: root,
      encoding: "utf8"
    })
      .split("\n").filter((file) => file !== "" && !file.endsWith("/index.ts"))
    // A file that lies in `internal/` itself belongs to no room, and is not drawn.
    const room = (file: string) => /\/src\/internal\/(\w+)\//.exec(file)?.[1]
    const arrows = new Set<string>()
    for (const [from, imports] of moduleGraph(root, files)) {
      const here = room(from)
      for (const { to } of imports) {
        const there = room(to)
        if (here !== undefined && there !== undefined && here !== there) arrows.add(`  ${here} --> ${there}`)
      }
    }
    console.log(["```mermaid", "graph TD", ...Array.from(arrows).sort(), "```"].join("\n"))
  }
}
