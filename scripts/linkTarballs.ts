// Installs packed tarballs without a registry: `node scripts/linkTarballs.ts PROJECT TARBALLS [NAME…]`. Ours are unpacked
// into the project's node_modules as npm would do it; what they need from others is linked to what this workspace has
// installed. For machines whose registry does not answer; where it does, npm installs them.
import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, globSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs"
import { dirname, join } from "node:path"

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly bin?: string | Readonly<Record<string, string>>
}

const root = join(import.meta.dirname, "..")

const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))

/** The folder in which this workspace has somebody else's package. */
const installed = (name: string): string => {
  const places = [join(root, "node_modules", name), ...globSync(`packages/*/node_modules/${name}`, { cwd: root })]
  const found = places.map((place) => place.startsWith("/") ? place : join(root, place)).find((it) => existsSync(it))
  if (found === undefined) throw new Error(`${name} is not installed in this workspace`)
  return realpathSync(found)
}

export const linkTarballs = (project: string, tarballs: string, names: ReadonlyArray<string> = []): void => {
  const modules = join(project, "node_modules")
  const bins = join(modules, ".bin")
  mkdirSync(bins, { recursive: true })
  const done = new Set<string>()
  const add = (name: string): void => {
    if (done.has(name)) return
    done.add(name)
    const to = join(modules, name)
    rmSync(to, { recursive: true, force: true })
    const tarball = join(tarballs, `${name}.tgz`)
    const isOurs = existsSync(tarball)
    mkdirSync(isOurs ? to : dirname(to), { recursive: true })
    if (isOurs) execFileSync("tar", ["-xzf", tarball, "-C", to, "--strip-components=1"])
    else symlinkSync(installed(name), to)
    const { bin = {}, dependencies = {} } = manifestOf(to)
    for (const [command, file] of Object.entries(typeof bin === "string" ? { [name]: bin } : bin)) {
      rmSync(join(bins, command), { force: true })
      symlinkSync(join("..", name, file), join(bins, command))
      if (isOurs) chmodSync(join(to, file), 0o755)
    }
    if (isOurs) { for (const needed of Object.keys(dependencies)) add(needed) }
  }
  const { dependencies = {}, devDependencies = {} } = manifestOf(project)
  for (const name of [...Object.keys(dependencies), ...Object.keys(devDependencies), ...names]) add(name)
}

if (import.meta.main) {
  const [project = ".", tarballs = ".", ...names] = process.argv.slice(2)
  linkTarballs(project, tarballs, names)
}
