/** What may be embedded → one entry for each vector. */
import * as Content from "../../wire/Content.ts"
import type { Part } from "../../wire/Part.ts"

type Item = string | Content.Content

export type Contents = Item | ReadonlyArray<Part> | ReadonlyArray<Item>

// Array.isArray does not narrow a ReadonlyArray.
const isList = (contents: Contents): contents is ReadonlyArray<Part> | ReadonlyArray<Item> => Array.isArray(contents)

const hasText = (list: ReadonlyArray<Part> | ReadonlyArray<Item>): list is ReadonlyArray<Item> =>
  list.some((item) => typeof item === "string")

/** Parts are one content, as everywhere. */
export const fromContents = (contents: Contents): ReadonlyArray<Item> => {
  if (!isList(contents)) return [contents]
  return hasText(contents) ? contents : Content.fromInput(contents)
}
