/**
 * Debian's Chromium, headless, on one page that the test's own server delivers: what the page is given, and what it
 * tells. It can reach nothing but 127.0.0.1.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { WebSocket } from "ws"

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

interface Browser {
  /** Dies where it ends by itself, or says nothing for long. */
  readonly ended: Effect.Effect<never>
  /** The address by which it is driven, if it was started with a port for that. */
  readonly driver: Effect.Effect<string>
}

/** Runs the browser on the page until the scope ends. */
const browse = (
  url: string,
  more: ReadonlyArray<string> = [],
  patience = 25
): Effect.Effect<Browser, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const profile = mkdtempSync(join(tmpdir(), "gemini-chromium-"))
        // A group of its own: the launcher is a script, and the browser is many processes.
        const child = spawn(program ?? "chromium", [...flags(profile), ...more, url], {
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
      // Each thing that waits for the page watches for the browser's end as well.
      child.setMaxListeners(0)
      let said = ""
      const driver = new Promise<string>((resolve) => {
        child.stderr.on("data", (piece: Buffer) => {
          said += piece.toString()
          const [, address] = /DevTools listening on (\S+)\n/.exec(said) ?? []
          if (address !== undefined) resolve(address)
        })
      })
      const dead = (what: string) => Effect.die(new Error(`${program} ${what}: ${said.slice(-2000)}`))
      const ended = Effect.callback<never>((resume) => {
        child.once("error", (error) => resume(dead(error.message)))
        child.once("exit", (code) => resume(dead(`ended with ${code}`)))
      })
      const late = () => dead(`told nothing in ${patience} s`)
      return {
        ended: Effect.timeoutOrElse(ended, { duration: `${patience} seconds`, orElse: late }),
        driver: Effect.promise(() => driver)
      }
    }
  )

/** Opens the page and gives what it tells, and where it came from. */
export const open = Effect.fnUntraced(function*(
  script: string,
  given: unknown
): Effect.fn.Return<{ readonly origin: string; readonly told: unknown }, never, Scope.Scope> {
  const page = yield* serve(script, given)
  const { ended } = yield* browse(page.origin)
  const told = yield* Effect.raceFirst(Effect.promise(() => page.told), ended)
  return { origin: page.origin, told }
})

export interface Driven {
  /** What an expression is in the page, as JSON. */
  readonly evaluate: (expression: string) => Effect.Effect<unknown>
  /** Waits until an expression is true in the page; dies with what the page shows instead. */
  readonly until: (expression: string) => Effect.Effect<void>
  /** A command of the browser's protocol: a key that is pressed, a colour scheme, a measure. */
  readonly command: (method: string, params?: Readonly<Record<string, unknown>>) => Effect.Effect<unknown>
  /** A picture of the page, as PNG. */
  readonly screenshot: Effect.Effect<Uint8Array>
}

/**
 * Opens a page of some other server and drives it, with a microphone that hears a WAV file again and again and is
 * allowed without a question. What waits dies after a minute, and all of it after `patience` seconds. `more` are flags
 * that win over the others.
 */
export const drive = Effect.fnUntraced(function*(
  url: string,
  wav: string,
  patience: number,
  more: ReadonlyArray<string> = []
): Effect.fn.Return<Driven, never, Scope.Scope> {
  const { driver, ended } = yield* browse(url, [
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    `--use-file-for-fake-audio-capture=${wav}`,
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    "--window-size=800,700",
    ...more
  ], patience)
  const within = <A>(effect: Effect.Effect<A>) => Effect.raceFirst(effect, ended)
  const address = yield* within(driver)
  const target = yield* within(Effect.promise(async () => {
    for (;;) {
      const list: ReadonlyArray<{ readonly type: string; readonly webSocketDebuggerUrl: string }> = await fetch(
        `http://${new URL(address).host}/json/list`
      ).then((response) => response.json())
      const page = list.find(({ type }) => type === "page")
      if (page !== undefined) return page.webSocketDebuggerUrl
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }))
  const ws = yield* Effect.acquireRelease(
    Effect.sync(() => new WebSocket(target, { perMessageDeflate: false })),
    (ws) => Effect.sync(() => ws.terminate())
  )
  const waiting = new Map<number, (result: Readonly<Record<string, unknown>>) => void>()
  ws.on("message", (data: Buffer) => {
    const { id, result } = JSON.parse(data.toString())
    // A page that is just being left knows nothing.
    waiting.get(id)?.(result ?? {})
  })
  yield* within(Effect.promise(() => new Promise<void>((resolve) => ws.once("open", () => resolve()))))
  let count = 0
  const call = (method: string, params: Readonly<Record<string, unknown>>) =>
    Effect.promise(() => {
      const id = ++count
      return new Promise<Readonly<Record<string, unknown>>>((resolve) => {
        waiting.set(id, resolve)
        ws.send(JSON.stringify({ id, method, params }))
      })
    })
  const evaluate = (expression: string): Effect.Effect<unknown> =>
    Effect.map(call("Runtime.evaluate", { expression, returnByValue: true }), ({ result }) => {
      const { value } = Object(result)
      return value
    })
  const until: Driven["until"] = (expression) =>
    Effect.flatMap(
      evaluate(expression),
      (value) => value === true ? Effect.void : Effect.andThen(Effect.sleep("50 millis"), until(expression))
    )
  return {
    evaluate: (expression) => within(evaluate(expression)),
    until: (expression) =>
      within(Effect.timeoutOrElse(until(expression), {
        duration: "60 seconds",
        orElse: () =>
          Effect.flatMap(
            evaluate("document.body.innerText"),
            (text) => Effect.die(new Error(`not so after 60 s: ${expression}\nThe page says: ${text}`))
          )
      })),
    command: (method, params = {}) => within(call(method, params)),
    screenshot: within(Effect.map(
      call("Page.captureScreenshot", { format: "png" }),
      ({ data }) => Buffer.from(String(data), "base64")
    ))
  }
})
