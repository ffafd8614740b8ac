import * as Standalone from "effect-gemini-emulator/Standalone"
import { connect } from "node:net"
import { assert, describe, it } from "vitest"
import { adminCall } from "./adminCall.ts"

/** Sends bytes as they are, and gives the head of what comes back. */
const raw = (url: string, bytes: string): Promise<string> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    let said = ""
    socket.on("data", (piece) => (said += piece.toString("latin1")))
    socket.on("error", () => undefined)
    socket.on("close", () => resolve(said))
    socket.end(bytes)
  })

describe("whatever comes to the admin API, it answers and goes on", () => {
  it("bodies that are too large, too deep, no UTF-8, or of other types", async () => {
    await using emulator = await Standalone.start()
    const call = adminCall(emulator.url)
    const large = await call("PUT", "/spaces/a/rules", `"${"x".repeat(33 * 1024 * 1024)}"`)
    assert.deepStrictEqual([large.status, large.body.detail], [
      413,
      "A body of the admin API has at most 33554432 bytes."
    ])
    const deep = "[".repeat(100_000) + "]".repeat(100_000)
    for (const [path, body] of [["explain", `{"body":${deep}}`], ["rules", deep], ["queue", `{"answers":${deep}}`]]) {
      const { status } = await call(path === "rules" ? "PUT" : "POST", `/spaces/default/${path}`, body)
      assert.isAtLeast(status, 200)
    }
    const bad = await fetch(`${emulator.url}/_emulator/v1/spaces/a/queue`, {
      method: "POST",
      body: Uint8Array.from([0x7b, 0xff, 0xfe, 0x7d])
    })
    assert.strictEqual(bad.status, 400)
    for (const body of ["null", "0", "\"\"", "[]", "true", "{", ""]) {
      assert.strictEqual((await call("POST", "/spaces/a/faults", body)).status, 400, body)
    }
    assert.strictEqual((await call("GET", "/health")).status, 200)
  }, 60_000)

  it("more interactions than a page holds: the newest are shown", async () => {
    await using emulator = await Standalone.start()
    const call = adminCall(emulator.url)
    for (let i = 0; i < 3; i++) {
      await fetch(`${emulator.url}/spaces/a/v1beta/interactions?key=any`, {
        method: "POST",
        body: JSON.stringify({
          model: "gemini-3.8-flash",
          input: [{ type: "image", data: "A".repeat(7 * 1024 * 1024), mime_type: "image/png" }]
        })
      })
    }
    const { body, status } = await call("GET", "/spaces/a/interactions")
    assert.deepStrictEqual([status, body.interactions.length, body.created], [200, 2, 3])
  }, 60_000)

  it("names that every object has", async () => {
    await using emulator = await Standalone.start()
    const call = adminCall(emulator.url)
    for (const name of ["__proto__", "constructor", "toString"]) {
      assert.strictEqual((await call("PUT", `/spaces/${name}`)).status, 200)
      assert.strictEqual((await call("PUT", `/spaces/${name}/rules`, { rule: [{ name, reply: "a" }] })).status, 200)
      assert.strictEqual((await call("DELETE", `/spaces/${name}/rules/${name}`)).status, 204)
      assert.strictEqual((await call("DELETE", `/spaces/${name}/faults/${name}`)).status, 404)
      assert.strictEqual((await call("GET", `/spaces/${name}/requests?${name}=1`)).status, 400)
    }
    assert.deepStrictEqual(Object.keys({}), [])
  })

  it("targets and heads that nobody meant", async () => {
    await using emulator = await Standalone.start()
    const host = new URL(emulator.url).host
    for (
      const target of [
        "/_emulator/v1/%00",
        "/_emulator/v1/spaces/%E0%A4%A",
        "/_emulator//v1/health",
        "/_emulator/v1/../../v1beta/models",
        `http://${host}/_emulator/v1/health`,
        "/_emulator/v1/spaces/a/requests?wait=99999999999999s&limit=1e9",
        `/_emulator/v1/spaces/${"a".repeat(10_000)}`
      ]
    ) {
      const said = await raw(emulator.url, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      assert.match(said, /^HTTP\/1\.1 \d{3} /, target)
    }
    assert.strictEqual((await adminCall(emulator.url)("GET", "/health")).status, 200)
  })

  it("clients that leave while they wait or listen leave nothing behind", async () => {
    await using emulator = await Standalone.start()
    const call = adminCall(emulator.url)
    await call("PUT", "/spaces/a")
    const gone = new AbortController()
    const waiting = Array.from(
      { length: 100 },
      (_, i) =>
        fetch(`${emulator.url}/_emulator/v1/spaces/a/${i % 2 === 0 ? "events" : "requests?wait=60s"}`, {
          signal: gone.signal
        }).catch(() => undefined)
    )
    await Promise.all(waiting.filter((_, i) => i % 2 === 0))
    gone.abort()
    await Promise.all(waiting)
    assert.strictEqual((await call("GET", "/spaces/a/requests")).status, 200)
    assert.strictEqual((await call("GET", "/spaces/a")).body.open, 0)
  })
})
