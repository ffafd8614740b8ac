/** Which requests are about webhooks: their resources, and the public keys of dynamic ones. */
import type { Route } from "../resources/endpoint.ts"

/** The list of public keys, which needs no key of the API's. */
export const keys = "webhooks.keys"

const one = "([^/:]+)"

export const routes: ReadonlyArray<Omit<Route, "verb"> & { readonly verb: string }> = [
  { verb: "POST", path: /^webhooks\/*$/, method: "webhooks.create" },
  { verb: "GET", path: /^webhooks\/*$/, method: "webhooks.list" },
  { verb: "GET", path: new RegExp(`^webhooks/+${one}/*$`), method: "webhooks.get" },
  { verb: "PATCH", path: new RegExp(`^webhooks/+${one}/*$`), method: "webhooks.update" },
  { verb: "DELETE", path: new RegExp(`^webhooks/+${one}/*$`), method: "webhooks.delete" },
  { verb: "POST", path: new RegExp(`^webhooks/+${one}:ping$`), method: "webhooks.ping" },
  {
    verb: "POST",
    path: new RegExp(`^webhooks/+${one}:rotateSigningSecret$`),
    method: "webhooks.rotateSigningSecret"
  }
]

/** Whether a path, without space and region, is that of the public keys. */
export const isKeys = (verb: string, path: string): boolean => verb === "GET" && path === "/.well-known/jwks.json"
