/**
 * The space that a request has chosen: by its base URL, else by the header `x-emulator-space`, else by
 * a key `space:NAME`, wherever a key may stand, or a token that was given out there.
 */
import * as EmulatorRequest from "../../EmulatorRequest.ts"

export const header = "x-emulator-space"

export const standard = "default"

/** Either the space's name, or what is wrong with the choice. */
export type Chosen = { readonly space: string; readonly wrong?: undefined } | { readonly wrong: string }

const form = /^[A-Za-z0-9_][\w.-]{0,99}$/

/** What is wrong with a name. Undefined: nothing. */
export const wrongName = (name: string): string | undefined =>
  form.test(name)
    ? undefined
    : `"${name.slice(0, 120)}" cannot name a space: use up to 100 letters, digits, "_", "-" and ".", and ` +
      "begin with a letter, a digit or \"_\""

interface Incoming {
  readonly url: URL
  readonly headers: Readonly<Record<string, string | undefined>>
}

export const chosen = ({ headers, url }: Incoming): Chosen => {
  let found: { readonly name: string; readonly by: string } | undefined
  let wrong: string | undefined
  const choose = (name: string | undefined, by: string) => {
    if (name === undefined || wrong !== undefined) return
    const problem = wrongName(name)
    if (problem !== undefined) wrong = `${by} of the emulator: ${problem}.`
    else if (found === undefined) found = { name, by }
    else if (found.name !== name) {
      wrong = `${found.by} chooses the space "${found.name}", and ${by[0]?.toLowerCase()}${
        by.slice(1)
      } "${name}": a request has one.`
    }
  }
  const byKey = (key: string | null | undefined, by: string) => {
    if (key) choose(EmulatorRequest.spaceOfKey(key), by)
  }
  if (/^\/+(?:spaces|locations)\//.test(url.pathname)) {
    choose(EmulatorRequest.placeOf(url.pathname).space, "The base URL")
  }
  choose(headers[header], `The header ${header}`)
  byKey(headers["x-goog-api-key"], "The key of the header x-goog-api-key")
  if (url.search !== "") {
    byKey(url.searchParams.get("key"), "The key of the query")
    byKey(url.searchParams.get("access_token"), "The token of the query")
  }
  if (headers["authorization"] !== undefined) {
    byKey(EmulatorRequest.credentialOf(headers, "Bearer"), "The bearer")
    byKey(EmulatorRequest.credentialOf(headers, "Token"), "The token of the header authorization")
  }
  return wrong === undefined ? { space: found?.name ?? standard } : { wrong }
}
