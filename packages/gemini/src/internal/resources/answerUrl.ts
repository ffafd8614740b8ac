/**
 * Judges an address out of an answer (`x-goog-upload-url`, `downloadUri`, `video.uri`, media): where it is asked, and
 * whether the key goes along. Pure.
 *
 * Whoever wrote the answer must not choose who gets the key. So an address of the API is used by its path and query, at
 * the origin of the base URL, as the official SDK does it if the program has a base URL of its own. Any other origin
 * gets no key, and is asked only if the program has named it.
 */
import * as Result from "effect/Result"
import * as OptionCheck from "../config/optionCheck.ts"

/** A judged address. */
export interface Target {
  readonly url: string
  /** Whether it is the API's own, to which the key goes along. */
  readonly isOwn: boolean
}

/** Whether it is this machine, so that nobody on the way can read along. */
const isLoopback = ({ hostname }: URL): boolean => /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)

const isSafe = (url: URL): boolean => url.protocol === "https:" || url.protocol === "http:" && isLoopback(url)

/** The longest address that is read. Signed addresses have about two thousand characters. */
const longest = 1 << 14

/** Takes http and https alone: `blob:` has the origin of the address that it wraps, and that address for its path. */
const parse = (text: string, base?: URL): URL | undefined => {
  if (text.length > longest || !URL.canParse(text, base)) return undefined
  const url = new URL(text, base)
  return url.protocol === "https:" || url.protocol === "http:" ? url : undefined
}

/** The origin for people to read, without anything else that an address may hold. */
const shown = ({ origin }: URL): string => origin.slice(0, 200)

/** The first entry of `allowOrigin` that does not name an origin which may be asked. */
export const wrongOrigin = (allowed: ReadonlyArray<string>): string | undefined =>
  allowed.find((text) => {
    const url = typeof text === "string" ? parse(text) : undefined
    return url === undefined || !isSafe(url) || url.username !== "" || url.password !== "" ||
      url.pathname !== "/" || url.search !== "" || url.hash !== ""
  })

const google = new URL(OptionCheck.defaultBaseUrl).origin

/** `baseUrl` is the base URL of the destination; `allowed` are the origins that the program named. */
export const judge = (
  text: string,
  baseUrl: string,
  allowed: ReadonlyArray<string>
): Result.Result<Target, string> => {
  const base = parse(baseUrl)
  const url = base === undefined ? undefined : parse(text, base)
  if (base === undefined || url === undefined) return Result.fail("it is not an address of http or https")
  const isNamed = url.origin !== base.origin && allowed.some((origin) => parse(origin)?.origin === url.origin)
  if (isNamed && isSafe(url)) {
    // A user's name in a foreign address would be sent as a credential.
    url.username = url.password = url.hash = ""
    return Result.succeed({ url: url.href, isOwn: false })
  }
  if (url.origin === base.origin || url.origin === google) {
    return Result.succeed({ url: `${base.origin}${url.pathname}${url.search}`, isOwn: true })
  }
  return Result.fail(
    `${
      shown(url)
    } is not the origin of the base URL (${base.origin}): name it in allowOrigin to ask it, without the key`
  )
}

/**
 * Where a redirect of a download leads, seen from the address that answered; or why it is not followed. It is followed
 * over https, and over plain http from this machine to itself: a foreign answer must not reach into this machine.
 */
export const redirected = (location: string | undefined, from: string): Result.Result<string, string> => {
  const asked = parse(from)
  const url = location === undefined || asked === undefined ? undefined : parse(location, asked)
  if (asked === undefined || url === undefined) return Result.fail("a redirect that says no address to go to")
  const isIn = isLoopback(url) && !isLoopback(asked)
  if (isIn || !isSafe(url)) {
    return Result.fail(`a redirect to ${shown(url)}, which is neither https nor this machine's own`)
  }
  url.username = url.password = url.hash = ""
  return Result.succeed(url.href)
}
