import { assert, describe, it } from "@effect/vitest"
import * as net from "node:net"
import { refused } from "../../../../scripts/loopback.ts"

describe("the guard over all tests", () => {
  it("refuses and remembers any connection that leaves this machine", () => {
    assert.throws(() => net.connect({ host: "generativelanguage.googleapis.com", port: 443 }), /only reach loopback/)
    assert.throws(() => net.connect(443, "192.0.2.1"), /only reach loopback/)
    assert.deepStrictEqual(refused.splice(0), ["generativelanguage.googleapis.com", "192.0.2.1"])
  })

  it("leaves no key of the machine's in the environment", () => {
    // The one that is there names a folder that is not, in place of the machine's configuration.
    assert.deepStrictEqual(Object.keys(process.env).filter((name) => /^(GEMINI|GOOGLE)_/.test(name)), [
      "GEMINI_FX_CONFIG"
    ])
    assert.strictEqual(process.env["GEMINI_FX_CONFIG"], "/nowhere/gemini-fx")
  })
})
