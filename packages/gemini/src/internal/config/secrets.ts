/**
 * What must not be said: the key, wherever a server or a transport quotes it, and what a URL holds
 * besides an address. Every text from outside that becomes part of an error goes through here. Pure.
 */

// "Permission denied: Consumer 'api_key:AIza…' has been suspended." is a real answer.
const keyShape = /\b(?:AIza[\w-]{30,}|AQ\.[\w-]{20,})/g

// Google's have 39 characters and more. What is shorter is the key of a test or of the
// emulator, and may be a word: it is cut out where it stands alone, or texts would fall apart.
export const shortest = 12

/** Of a key that a text breaks off in, so much at its end is still cut out. */
const shortestStart = 8

const cut = "<key>"

const tokenPrefix = "auth_tokens/"

/** The forms in which it comes back: as it is, as it stands in a URL, and a token without its kind. */
const formsOf = (key: string): ReadonlyArray<string> => {
  const tail = key.startsWith(tokenPrefix) ? key.slice(tokenPrefix.length) : ""
  const own = tail.length >= shortest ? [key, tail] : [key]
  // What no header can hold is never sent, so nobody quotes it in a URL.
  return own.flatMap((form) => /^[\x21-\x7e]+$/.test(form) ? [form, encodeURIComponent(form)] : [form])
}

/** Servers and protocols cut texts to a length: a close reason has 123 bytes. */
const withoutStart = (text: string, key: string): string => {
  for (let length = Math.min(key.length - 1, text.length); length >= shortestStart; length--) {
    if (text.endsWith(key.slice(0, length))) return `${text.slice(0, -length)}${cut}`
  }
  return text
}

/** The text with the key cut out, and everything that looks like one of Google's. */
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

/** The text with what stands before the `@` of a URL cut out. */
export const withoutCredentials = (text: string): string => text.replace(/(:\/\/)[^\s/?#]{1,2048}@/g, "$1")

/**
 * A base URL as messages show it: the address, without user, password, query and fragment.
 * It is `undefined` for text that is not a base URL, since that may be anything, also a key that was pasted there.
 */
export const shownUrl = (url: string): string | undefined => {
  const text = withoutKey(url, undefined)
  // Somebody who leaves out "http://" is shown so; new URL takes the host for a protocol.
  const bare = /^([a-z0-9.-]+:\d{1,5})(?:\/[^@]*)?$/i.exec(text)
  if (bare !== null) return bare[1]
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(text) || !URL.canParse(text)) return undefined
  const { host, pathname, protocol } = new URL(text)
  return host === "" ? undefined : `${protocol}//${host}${pathname.replace(/\/+$/, "")}`
}
