/**
 * What must not be said: the key, wherever a server or a transport quotes it, and everything in a URL besides the
 * address. Every text from outside that becomes part of an error goes through here. Pure.
 */

// "Permission denied: Consumer 'api_key:AIza…' has been suspended." is a real answer.
// `ya29.` begins Google's access tokens, one of which a registration of files sends beside the key.
const keyShape = /\b(?:AIza[\w-]{30,}|AQ\.[\w-]{20,}|ya29\.[\w.-]{20,})/g

// Google's keys have 39 characters and more. A shorter key is one of a test or of the emulator, and may be a word. So
// it is cut out only where it stands alone, because texts would fall apart otherwise.
export const shortest = 12

/**
 * If a text breaks off within a key, the beginning of the key at the text's end is cut out if it is at least this long.
 */
const shortestStart = 8

const cut = "<key>"

const tokenPrefix = "auth_tokens/"

/** The forms in which a key comes back: as it is, as it stands in a URL, and, for a token, without its kind. */
const formsOf = (key: string): ReadonlyArray<string> => {
  const tail = key.startsWith(tokenPrefix) ? key.slice(tokenPrefix.length) : ""
  const own = tail.length >= shortest ? [key, tail] : [key]
  // A key that no header can hold is never sent, so nobody quotes it in a URL.
  return own.flatMap((form) => /^[\x21-\x7e]+$/.test(form) ? [form, encodeURIComponent(form)] : [form])
}

/**
 * Cuts the beginning of a key off the end of a text. Servers and protocols cut texts to a length: a close reason has
 * 123 bytes.
 */
const withoutStart = (text: string, key: string): string => {
  for (let length = Math.min(key.length - 1, text.length); length >= shortestStart; length--) {
    if (text.endsWith(key.slice(0, length))) return `${text.slice(0, -length)}${cut}`
  }
  return text
}

/** The text without the key, and without anything that looks like one of Google's keys. */
export const withoutKey = (text: string, key: string | undefined): string => {
  if (key === undefined || key === "") return text.replace(keyShape, cut)
  if (key.length >= shortest) {
    const forms = formsOf(key)
    const whole = forms.reduce((rest, form) => rest.replaceAll(form, cut), text).replace(keyShape, cut)
    return forms.reduce(withoutStart, whole)
  }
  if (!text.includes(key)) return text.replace(keyShape, cut)
  const alone = new RegExp(`(?<!\\w)${key.replace(/\W/g, "\\$&")}(?!\\w)`, "g")
  return text.replace(alone, cut)
}

/** The text without what stands before the `@` of a URL. */
export const withoutCredentials = (text: string): string => text.replace(/(:\/\/)[^\s/?#]{1,2048}@/g, "$1")

/**
 * A base URL as messages show it: the address, without user, password, query and fragment.
 * It is `undefined` for text that is not a base URL, since that may be anything, also a key that was pasted there.
 */
export const shownUrl = (url: string): string | undefined => {
  const text = withoutKey(url, undefined)
  // For a person who leaves out "http://" this is shown: `new URL` would take the host for a protocol.
  const bare = /^([a-z0-9.-]+:\d{1,5})(?:\/[^@]*)?$/i.exec(text)
  if (bare !== null) return bare[1]
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(text) || !URL.canParse(text)) return undefined
  const { host, pathname, protocol } = new URL(text)
  return host === "" ? undefined : `${protocol}//${host}${pathname.replace(/\/+$/, "")}`
}
