/**
 * `models.list` in pages, and `models.get`.
 */
import type { Refusal } from "../../GoogleError.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as ModelTable from "../../ModelTable.ts"

export interface ModelPage {
  readonly models: ReadonlyArray<ModelTable.Model>
  readonly nextPageToken?: string
}

export type PageOrRefusal<A> = { readonly refusal: Refusal } | { readonly refusal?: undefined; readonly body: A }

const standard = 50

const most = 1000

/**
 * A page token: the name of the last model shown, as a protobuf message in base64, which is the form of the real ones.
 */
const tokenOf = (name: string): string => btoa(`\n${String.fromCharCode(name.length)}${name}`).replace(/=+$/, "")

const nameOf = (token: string): string | undefined => {
  try {
    return atob(token).slice(2)
  } catch {
    return undefined
  }
}

/** The size of a page: 1000 for larger numbers, and 50 for none and zero, as the API's description says. */
const sizeOf = (text: string | null): number | undefined => {
  if (text === null) return standard
  if (!/^-?\d+$/.test(text)) return undefined
  const size = Number(text)
  return size < 0 ? undefined : size === 0 ? standard : Math.min(size, most)
}

export const list = (table: ModelTable.ModelTable, query: URLSearchParams, now: number): PageOrRefusal<ModelPage> => {
  const size = sizeOf(query.get("pageSize") ?? query.get("page_size"))
  if (size === undefined) return { refusal: GoogleError.invalidArgument() }
  const models = ModelTable.served(table, now)
  const token = query.get("pageToken") ?? query.get("page_token") ?? ""
  const last = token === "" ? -1 : models.findIndex((model) => model.name === nameOf(token))
  if (token !== "" && last === -1) return { refusal: GoogleError.invalidArgument() }
  const page = models.slice(last + 1, last + 1 + size)
  const shown = page.at(-1)
  const more = last + 1 + size < models.length
  return { body: { models: page, ...(more && shown !== undefined ? { nextPageToken: tokenOf(shown.name) } : {}) } }
}

export const get = (
  table: ModelTable.ModelTable,
  options: { readonly name: string; readonly version: string; readonly now: number }
): PageOrRefusal<ModelTable.Model> => {
  const row = ModelTable.get(table, options.name, options.now)
  return row === undefined ? { refusal: GoogleError.noSuchModel(options) } : { body: row.model }
}
