/**
 * Which requests are logins: those to the metadata server of a virtual machine, to Google's token endpoint, to its
 * security token service, and to the service that lets one account act as another.
 */
import { decodedPath } from "../decodedPath.ts"

export interface RoutedLogin {
  readonly version: ""
  readonly method: string
  /** What the path names: the key of the metadata, or the account. */
  readonly resource: string | undefined
}

const routes: ReadonlyArray<{ readonly verb: string; readonly path: RegExp; readonly method: string }> = [
  {
    verb: "GET",
    path: /^\/+computeMetadata\/v1\/instance\/service-accounts\/([^/]+)\/token\/?$/,
    method: "metadata.token"
  },
  {
    verb: "GET",
    path: /^\/+computeMetadata\/v1\/instance\/service-accounts\/([^/]+)\/identity\/?$/,
    method: "metadata.identity"
  },
  { verb: "GET", path: /^\/+computeMetadata\/v1\/?(.*)$/, method: "metadata.get" },
  { verb: "POST", path: /^\/+token\/?$/, method: "oauth.token" },
  { verb: "POST", path: /^\/+revoke\/?$/, method: "oauth.revoke" },
  { verb: "POST", path: /^\/+v1\/+token\/?$/, method: "sts.token" },
  {
    verb: "POST",
    path: /^\/+v1\/+projects\/-\/serviceAccounts\/([^/]+):generateAccessToken$/,
    method: "iam.generateAccessToken"
  },
  {
    verb: "POST",
    path: /^\/+v1\/+projects\/-\/serviceAccounts\/([^/]+):generateIdToken$/,
    method: "iam.generateIdToken"
  }
]

const methods = new Set(routes.map(({ method }) => method))

/** Whether a method is a login. What goes both ways in one is as secret as a key. */
export const isLogin = (method: string): boolean => methods.has(method)

export const route = (verb: string, path: string): RoutedLogin | undefined => {
  // Most requests are none, and are told so by their first letters.
  if (!/^\/+(?:computeMetadata\/|token\/?$|revoke\/?$|v1\/+(?:token|projects\/-\/))/.test(path)) return undefined
  for (const { method, path: pattern, verb: wanted } of routes) {
    const found = wanted === verb ? pattern.exec(path) : null
    if (found !== null) {
      return { version: "", method, resource: found[1] === undefined ? undefined : decodedPath(found[1]) }
    }
  }
  return undefined
}
