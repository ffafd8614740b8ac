/**
 * What a request of node:http is about, whatever bytes it came with: node's parser lets pass what
 * no URL can be made of.
 */
import type { IncomingMessage } from "node:http"

/** Names in lower case; what came several times is joined. */
export const headersOf = (request: IncomingMessage): Record<string, string | undefined> => {
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(", ") : value
  }
  return headers
}

/** A name or an address, with a port or without one, and nothing that would end it in a URL. */
const isHost = (host: string): boolean => !/[/?#@\\]/.test(host) && URL.canParse(`http://${host}`)

/**
 * The address that was asked for (RFC 9112, 3.2), or undefined where the request names none.
 *
 * Proxy clients send the whole URL as the target, and `OPTIONS *` asks about the server as a whole,
 * whose path here is `/`. The Host header must be one, as RFC 9112 demands; nothing depends on which.
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
