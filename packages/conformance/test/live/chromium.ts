/**
 * Debian's Chromium, headless, on one page that a server of the test's own brings: what the page
 * is given, and what it tells. Nothing but 127.0.0.1 can be reached from it.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

const names = ["chromium", "chromium-browser"]

const program = names.find((name) => spawnSync(name, ["--version"]).status === 0)

export const isInstalled = program !== undefined

export const skipReason = "Chromium is not installed"

// What a careful page allows: no eval, nothing from elsewhere.
const policy = "default-src 'none'; script-src 'self'; connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:*"
const html = `<!doctype html><meta charset="utf-8"><title>Gemini</title><script src="/page.js" type="module"></script>`

interface Page {
  readonly origin: string
  readonly told: Promise<unknown>
}

/** Serves the page; what it tells is a promise. */
const serve = (script: string, given: unknown): Effect.Effect<Page, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly page: Page; readonly close: () => void }>((resume) => {
        const { promise: told, resolve } = Promise.withResolvers<unknown>()
        const server = createServer((request, response) => {
          const answer = (type: string, body: string) => {
            response.writeHead(200, { "content-type": type, "content-security-policy": policy })
            response.end(body)
          }
          if (request.url === "/page.js") return answer("text/javascript", script)
          if (request.url === "/given") return answer("application/json", JSON.stringify(given))
          if (request.url !== "/told") return answer("text/html", html)
          let body = ""
          request.on("data", (piece: Buffer) => {
            body += piece.toString()
          })
          request.on("end", () => {
            answer("text/plain", "")
            resolve(JSON.parse(body))
          })
        })
        server.listen(0, "127.0.0.1", () => {
          const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
          const close = () => {
            server.close()
            server.closeAllConnections()
          }
          resume(Effect.succeed({ page: { origin, told }, close }))
        })
      }),
      ({ close }) => Effect.sync(close)
    ),
    ({ page }) => page
  )

const flags = (profile: string) => [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-sync",
  "--no-first-run",
  "--no-default-browser-check",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  `--user-data-dir=${profile}`
]

/** Runs the browser on the page until the scope ends; dies where it ends by itself, or says nothing for long. */
const browse = (url: string): Effect.Effect<Effect.Effect<never>, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const profile = mkdtempSync(join(tmpdir(), "gemini-chromium-"))
        // A group of its own: the launcher is a script, and the browser is many processes.
        const child = spawn(program ?? "chromium", [...flags(profile), url], {
          detached: true,
          stdio: ["ignore", "ignore", "pipe"],
          env: { ...process.env, NODE_OPTIONS: "", HOME: profile }
        })
        return { child, profile }
      }),
      ({ child, profile }) =>
        Effect.promise(async () => {
          if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
            const gone = new Promise((resolve) => child.once("exit", resolve))
            process.kill(-child.pid, "SIGKILL")
            await gone
          }
          rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
        })
    ),
    ({ child }) => {
      let said = ""
      child.stderr.on("data", (piece: Buffer) => {
        said += piece.toString()
      })
      const dead = (what: string) => Effect.die(new Error(`${program} ${what}: ${said.slice(-2000)}`))
      const ended = Effect.callback<never>((resume) => {
        child.once("error", (error) => resume(dead(error.message)))
        child.once("exit", (code) => resume(dead(`ended with ${code}`)))
      })
      return Effect.timeoutOrElse(ended, { duration: "25 seconds", orElse: () => dead("told nothing in 25 s") })
    }
  )

/** Opens the page and gives what it tells, and where it came from. */
export const open = Effect.fnUntraced(function*(
  script: string,
  given: unknown
): Effect.fn.Return<{ readonly origin: string; readonly told: unknown }, never, Scope.Scope> {
  const page = yield* serve(script, given)
  const ended = yield* browse(page.origin)
  const told = yield* Effect.raceFirst(Effect.promise(() => page.told), ended)
  return { origin: page.origin, told }
})
