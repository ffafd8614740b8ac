/**
 * Who may talk to an emulator that listens on a socket. A page of any site can send requests to this machine, and with
 * DNS rebinding it can read the answers under its own name; so the name in `Host` counts, and for the emulator's own
 * paths the page that asks.
 *
 * Browsers write `Host`, `Origin` and `Sec-Fetch-Site` themselves; a page can neither leave them out nor change them.
 */
import * as Redacted from "effect/Redacted"
import { createHash, timingSafeEqual } from "node:crypto"
import type { IncomingHttpHeaders } from "node:http"
import type { ServerOptions } from "../../ServerOptions.ts"

/** The paths of the emulator's own: the admin API and its page. */
export const reserved = "/_emulator"

/** Answers for probes, which know no token. */
const health = `${reserved}/v1/health`

/** Where the page of the admin API lies. */
export const page = `${reserved}/`

const pageFiles: ReadonlySet<string> = new Set(["", "page.js", "page.css", "icon.svg"].map((name) => page + name))

/** Whether a path is one of the page's files, which hold nothing of anybody's. */
export const isPage = (path: string): boolean => pageFiles.has(path)

/** Whether a path is the emulator's own, however it is written: what is asked for so is judged so. */
export const isOwn = (path: string): boolean => /^[/\\]*(?:_|%5f)emulator(?:[/\\?#]|$)/i.test(path)

export interface Asked {
  /** Whether it is for the emulator itself, not for the API. */
  readonly isOwn: boolean
  /** The path of the URL. */
  readonly path: string
  /** The host and port that are asked for: of an absolute target its own, else the header `Host`. */
  readonly host: string
  /** Whether it comes over TLS. */
  readonly isSecure: boolean
  /** Whether it is the upgrade of a WebSocket. */
  readonly isUpgrade: boolean
  readonly headers: IncomingHttpHeaders
}

/** Why a request is turned away. */
export interface Turned {
  readonly status: 401 | 403
  readonly why: string
}

const loopback: ReadonlyArray<string> = ["localhost", "127.0.0.1", "[::1]"]

const wildcards: ReadonlyArray<string> = ["", "0.0.0.0", "::", "[::]"]

/** As a URL writes it: lower case, an IPv6 address in brackets. */
const written = (name: string): string => {
  const lower = name.toLowerCase()
  return lower.includes(":") && !lower.startsWith("[") ? `[${lower}]` : lower
}

/** Whether a name or an address is one that `allowHosts` can take: nothing else may stand around it, a port neither. */
export const isHostName = (name: string): boolean =>
  /^(?:\[[0-9a-f:.]+\]|[0-9a-f:]*:[0-9a-f:.]*|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)$/i.test(name) &&
  URL.canParse(`http://${written(name)}`)

/** Whether only programs of this machine reach a server that listens there. */
export const isLoopback = (host: string): boolean => host === "::1" || loopback.includes(written(host))

const nameOf = (host: string): string => {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host)?.[1]
  return (name ?? host).toLowerCase()
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

const listed = (names: Iterable<string>): string => {
  const all = [...names]
  return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`
}

const shown = (text: string): string => JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)

/** The names by which the emulator may be called. */
export const namesOf = ({ allowHosts = [], host = "127.0.0.1" }: ServerOptions): ReadonlySet<string> =>
  new Set([...loopback, ...(wildcards.includes(written(host)) ? [] : [written(host)]), ...allowHosts.map(written)])

/** With `spends` it may hold a key that calls cost money with; as long as it does, no foreign page is answered. */
export const make = (
  options: ServerOptions,
  spends: () => boolean = () => false
): (asked: Asked) => Turned | undefined => {
  const host = written(options.host ?? "127.0.0.1")
  const names = namesOf(options)
  const isAtHome = isLoopback(host)
  const token = options.token === undefined
    ? undefined
    : digest(Redacted.isRedacted(options.token) ? Redacted.value(options.token) : options.token)
  const refusesPages = options.foreignPages === "refuse"

  const holdsToken = ({ authorization, "x-emulator-token": own }: IncomingHttpHeaders): boolean => {
    const bearer = /^bearer +(.+)$/i.exec(authorization ?? "")?.[1]
    const given = typeof own === "string" ? own : bearer
    return token !== undefined && given !== undefined && timingSafeEqual(digest(given), token)
  }

  /** Whether a page is one of this machine's, or of a host that may be called. */
  const isKnown = (origin: string): boolean =>
    /^https?:\/\//i.test(origin) && URL.canParse(origin) && names.has(new URL(origin).hostname)

  return ({ headers, host, isOwn, isSecure, isUpgrade, path }) => {
    const name = nameOf(host)
    if (!names.has(name)) {
      return {
        status: 403,
        why: `The emulator answers to the hosts ${listed(names)}, and this request asks for ${shown(name)}. ` +
          "Start it with --allow-host NAME (in code allowHosts) if that is a name of its own."
      }
    }
    const { origin, "sec-fetch-site": site } = headers
    if (!isOwn && origin === undefined && site === undefined) return undefined
    const self = `${isSecure ? "https" : "http"}://${host.toLowerCase()}`
    const isForeign = origin !== undefined && origin.toLowerCase() !== self
    const isOfOtherSite = site !== undefined && site !== "same-origin" && site !== "none"
    if (!isOwn) {
      // A picture or a form of a foreign page names no origin, and spends the key all the same.
      if ((isForeign || isOfOtherSite) && (refusesPages || spends())) {
        const who = isForeign ? `this one is of ${shown(origin)}` : `this request is of another site`
        return { status: 403, why: `The emulator answers pages of its own alone, and ${who}.` }
      }
      if (!isForeign) return undefined
      // A browser lets any page open a WebSocket to anywhere, and read what comes.
      if (isUpgrade && !isKnown(origin)) {
        return {
          status: 403,
          why: `A page of ${shown(origin)} may not open a session here. Start the emulator with --allow-host NAME ` +
            "(in code allowHosts) if it is a page of yours."
        }
      }
      return undefined
    }
    if (isForeign || isOfOtherSite) {
      const who = isForeign ? `a page of ${shown(origin)}` : `another site (Sec-Fetch-Site: ${shown(String(site))})`
      return { status: 403, why: `The emulator's own paths answer no page but its own, and this request is of ${who}.` }
    }
    if (path === health || holdsToken(headers)) return undefined
    if (token !== undefined) {
      // A browser that opens an address cannot bring a token with it: the page asks for it, and then for everything else.
      if (isPage(path) || path === "/" || path === reserved) return undefined
      return {
        status: 401,
        why: "The emulator's own paths want the token that it was started with, as authorization: Bearer TOKEN."
      }
    }
    if (isAtHome && loopback.includes(name)) return undefined
    return {
      status: 403,
      why: "The emulator's own paths are closed where others can reach them: it " +
        (isAtHome ? `was asked for as ${shown(name)}` : `listens on ${shown(options.host ?? "")}`) +
        ". Start it with --token (in code token) to open them to those who hold it."
    }
  }
}
