/**
 * The pages that people read on npm stand alone: npm shows a package's README without the files around it, so a relative
 * link there is dead.
 */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "../../../..")
const repository = "https://github.com/effect-gemini/effect-gemini"

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly homepage?: string
  readonly bugs?: string
  readonly repository?: { readonly type: string; readonly url: string; readonly directory: string }
  readonly keywords?: ReadonlyArray<string>
}

const published = readdirSync(join(root, "packages")).flatMap((folder) => {
  const file = join(root, "packages", folder, "package.json")
  if (!existsSync(file)) return []
  const manifest: Manifest = JSON.parse(readFileSync(file, "utf8"))
  return manifest.private === true ? [] : [{ folder, manifest }]
})

const readme = (folder: string): string => readFileSync(join(root, "packages", folder, "README.md"), "utf8")

const linksOf = (page: string): ReadonlyArray<string> =>
  Array.from(page.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/\]\(([^)\s]+)\)/g), ([, target = ""]) => target)

describe.each(published)("the page of $manifest.name", ({ folder, manifest }) => {
  it("says where the package comes from, and by which words it is found", () => {
    assert.deepStrictEqual(manifest.repository, {
      type: "git",
      url: `git+${repository}.git`,
      directory: `packages/${folder}`
    })
    assert.strictEqual(manifest.homepage, `${repository}/tree/main/packages/${folder}#readme`)
    assert.strictEqual(manifest.bugs, `${repository}/issues`)
    assert.includeMembers([...manifest.keywords ?? []], ["gemini"])
  })

  it("has no link that npm cannot follow, and none into the repository that leads nowhere", () => {
    for (const link of linksOf(readme(folder))) {
      assert.match(link, /^(?:https?:\/\/|#)/, `${folder}: ${link}`)
      const path = /\/(?:blob|tree)\/main\/([^#]+)/.exec(link.startsWith(repository) ? link : "")?.[1]
      if (path !== undefined) assert.isTrue(existsSync(join(root, path)), `${folder}: ${link}`)
    }
  })

  it("names only packages that there are", () => {
    const names = published.map((each) => each.manifest.name)
    for (const [, name = ""] of readme(folder).matchAll(/npmjs\.com\/package\/(effect-gemini[\w-]*)/g)) {
      assert.include(names, name)
    }
  })

  it("begins with how it is installed", () => {
    assert.match(readme(folder).slice(0, 2_500), /npm install [^\n]*effect-gemini|npx effect-gemini/)
  })
})

describe("the client's page", () => {
  it("has the reasons of its errors, as the repository's page has them", () => {
    const rows = (page: string) =>
      Array.from(page.matchAll(/^\| (`[A-Z]\w+`(?:, `[A-Z]\w+`)*) \|/gm), ([, reasons = ""]) => reasons)
    const here = rows(readme("gemini"))
    assert.isAbove(here.length, 10)
    assert.deepStrictEqual(here, rows(readFileSync(join(root, "README.md"), "utf8")))
  })
})
