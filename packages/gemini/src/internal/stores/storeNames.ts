/** The paths of stores, documents and media, as a caller names them. */
import * as Effect from "effect/Effect"
import type { GeminiError } from "../../GeminiError.ts"
import type { Input, ResourceHandle } from "../../resources/ResourceHandle.ts"
import { invalid } from "../resources/invalid.ts"

const id = "[^/?#:\\s]+"
const forms = {
  store: { form: new RegExp(`^fileSearchStores/${id}$`), expected: "fileSearchStores/ID" },
  document: {
    form: new RegExp(`^fileSearchStores/${id}/documents/${id}$`),
    expected: "fileSearchStores/ID/documents/ID"
  },
  media: { form: new RegExp(`^[^?#\\s]+/media/${id}$`), expected: "an id or address with /media/" }
} as const

/** A name as it goes into the path, and the query of an address. */
export interface Named {
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly handle: ResourceHandle
}

/** Reads a name, an address or a handle. A bare id is one of a store. */
export const named = (
  kind: keyof typeof forms,
  method: string,
  input: Input
): Effect.Effect<Named, GeminiError> => {
  const { member, name: given } = typeof input === "string" ? { name: input, member: undefined } : input
  const name = given.replace(/^https?:\/\/[^?#]*?\/v\d\w*\//, "")
  const [path = "", search = ""] = name.split("?", 2)
  const full = kind === "store" && !path.includes("/") ? `fileSearchStores/${path}` : path
  const { expected, form } = forms[kind]
  if (!form.test(full) || kind !== "media" && search !== "") {
    const got = JSON.stringify(name.slice(0, 100))
    return Effect.fail(invalid(method, kind, `expected ${expected}, got ${got}`))
  }
  const handle = { name: full, ...(member === undefined ? {} : { member }) }
  return Effect.succeed({ path: full, query: Object.fromEntries(new URLSearchParams(search)), handle })
}
