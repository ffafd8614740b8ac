/**
 * What a request of node:http asks for, whatever bytes it came with: node's parser lets through targets of which no URL
 * can be made.
 */
import type { IncomingMessage } from "node:http"

/** The headers with names in lower case; those that came several times are joined. */
export const headersOf = (request: IncomingMessage): Record<string, string | undefined> => {
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(", ") : value
  }
  return headers
}

/** Whether a text is a name or an address, with or without a port, and without anything that would end it in a URL. */
const isHost = (host: string): boolean => !/[/?#@\\]/.test(host) && URL.canParse(`http://${host}`)

/**
 * The address that was asked for (RFC 9112, 3.2), or undefined where the request names none.
 *
 * Proxy clients send the whole URL as the target, and `OPTIONS *` asks about the server as a whole, whose path here is
 * `/`. The Host header must be a host, as RFC 9112 demands, but nothing depends on which one it is.
 */
export const urlOf = ({ headers, method, url: target = "/" }: IncomingMessage): URL | undefined => {
  const { host = "localhost" } = headers
  if (!isHost(host)) return undefined
  if (target.startsWith("/")) return new URL(`http://${host}${target}`)
  if (target === "*") return method === "OPTIONS" ? new URL(`http://${host}/`) : undefined
  const url = /^(?:http|ws)s?:\/\//i.test(target) && URL.canParse(target) ? new URL(target) : undefined
  // An absolute target may hold a password, which is nobody's business here.
  if (url !== undefined) url.username = url.password = ""
  return url
}
