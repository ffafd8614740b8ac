/** The file of a test's own cassette in a folder: its name as a person knows it again, and as no other test has it. */
import { createHash } from "node:crypto"
import { join } from "node:path"

const longest = 80

/** With `place` tests of one name are told apart: their file and the suites around them. */
export const testFile = (folder: string, test: string, place = ""): string => {
  const slug = test.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-|-$/g, "").slice(0, longest)
  // Names that differ in marks, in capitals or behind the cut alone are told apart by a digest, on any file system.
  const digest = createHash("sha256").update(`${place}\n${test}`).digest("hex").slice(0, 8)
  return join(folder, `${slug === "" ? "test" : slug}-${digest}.jsonl`)
}
