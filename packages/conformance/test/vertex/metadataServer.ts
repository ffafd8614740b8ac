/** A metadata server on this machine, by which Google's own library logs in: each token that it gives is a new one. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, vi } from "vitest"

/** Starts it, and names it in the environment of this process. `token` makes the token of the n-th request, from 1. */
export const start = async (token: (n: number) => string, lifetime = 3_599) => {
  let given = 0
  const server = createServer((request, response) => {
    response.setHeader("metadata-flavor", "Google")
    response.setHeader("content-type", "application/json")
    const isToken = request.url?.includes("/service-accounts/default/token") === true
    response.end(JSON.stringify(
      isToken ? { access_token: token(++given), expires_in: lifetime, token_type: "Bearer" } : {}
    ))
  })
  await new Promise<void>((resume) => server.listen(0, "127.0.0.1", resume))
  vi.stubEnv("GCE_METADATA_HOST", `127.0.0.1:${(server.address() as AddressInfo).port}`)
  vi.stubEnv("METADATA_SERVER_DETECTION", "assume-present")
  vi.stubEnv("CLOUDSDK_CONFIG", "/nowhere")
  vi.stubEnv("GOOGLE_CLOUD_PROJECT", "a-project")
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", undefined)
  return {
    /** How many tokens it has given. */
    given: () => given,
    stop: () => {
      vi.unstubAllEnvs()
      server.closeAllConnections()
      server.close()
    }
  }
}

/** One metadata server for all tests of a file, and silence about it: Google's library warns on the console. */
export const forFile = (): void => {
  let server: Awaited<ReturnType<typeof start>>
  beforeAll(async () => {
    server = await start(() => "ya29.of-the-metadata-server")
    for (const level of ["warn", "debug"] as const) vi.spyOn(console, level).mockImplementation(() => undefined)
  })
  afterAll(() => {
    server.stop()
    vi.restoreAllMocks()
  })
}
