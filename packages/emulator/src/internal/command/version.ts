/** The version of the package. In the bundled command it is written in place of this module. */
import { readFileSync } from "node:fs"

const manifest: { readonly version: string } = JSON.parse(
  readFileSync(new URL("../../../package.json", import.meta.url), "utf8")
)

export const version: string = manifest.version
