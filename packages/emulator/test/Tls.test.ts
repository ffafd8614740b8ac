/** TLS on the port of plain HTTP, for clients that trust the file and nothing else. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Standalone from "effect-gemini-emulator/Standalone"
import { spawn, spawnSync } from "node:child_process"
import { X509Certificate } from "node:crypto"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import * as Https from "node:https"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Tls from "node:tls"
import { WebSocket } from "ws"
import { livePath } from "./RawSocket.ts"

const isThere = (program: string, ...args: ReadonlyArray<string>) => spawnSync(program, args).status === 0

let folder: string
let file: string
let gemini: Awaited<ReturnType<typeof Standalone.start>>
let port: number
let ca: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "emulator-tls-"))
  file = join(folder, "emulator.pem")
  gemini = await Standalone.start({ certificateFile: file, allowHosts: ["gemini.test"] })
  port = Number(new URL(gemini.url).port)
  ca = await readFile(file, "utf8")
})

afterAll(async () => {
  await gemini.stop()
  await rm(folder, { recursive: true })
})

const program = async (command: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
  const child = spawn(command, args, {
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let text = ""
  child.stdout.on("data", (data) => (text += data))
  child.stderr.on("data", (data) => (text += data))
  const code = await new Promise((resolve) => child.once("close", resolve))
  return { code, text }
}

const get = (
  host: string,
  options: Https.RequestOptions = {}
): Promise<{ readonly status: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    Https.get({ host, port, path: "/v1beta/models?key=k", ca, agent: false, ...options }, (response) => {
      let text = ""
      response.on("data", (data) => (text += data)).on("end", () => resolve({ status: response.statusCode ?? 0, text }))
    }).on("error", reject)
  })

const converse = (url: string, options: object = {}) =>
  new Promise<string>((resolve, reject) => {
    const socket = new WebSocket(`${url}${livePath}`, options)
    socket.on("open", () => socket.send(JSON.stringify({ setup: { model: "models/gemini-3.8-live" } })))
    socket.on("message", (data) => {
      socket.close()
      resolve(data.toString())
    })
    socket.on("error", reject)
  })

describe("TLS on the port of plain HTTP", () => {
  it("answers Node over https: and wss:, beside http: and ws:", async () => {
    for (const host of ["localhost", "127.0.0.1"]) assert.strictEqual((await get(host)).status, 200)
    assert.strictEqual((await fetch(`${gemini.url}/v1beta/models?key=k`)).status, 200)
    assert.include(await converse(`wss://127.0.0.1:${port}`, { ca }), "setupComplete")
    assert.include(await converse(`ws://127.0.0.1:${port}`), "setupComplete")
  })

  it("is for its own names alone: another one is refused by the client", async () => {
    const named = { servername: "gemini.test", headers: { host: "gemini.test" } }
    assert.strictEqual((await get("127.0.0.1", named)).status, 200)
    const error = await get("127.0.0.1", { servername: "evil.test" }).catch((error) => error)
    assert.strictEqual(error.code, "ERR_TLS_CERT_ALTNAME_INVALID")
    const distrust = await get("127.0.0.1", { ca: [] }).catch((error) => error)
    assert.strictEqual(distrust.code, "DEPTH_ZERO_SELF_SIGNED_CERT")
  })

  it("the doors are the same: a foreign Host over TLS is turned away, and the own origin is https:", async () => {
    assert.strictEqual(
      (await get("127.0.0.1", { headers: { host: "evil.test" }, servername: "localhost" })).status,
      403
    )
    const own = { path: "/_emulator/nowhere" }
    assert.strictEqual(
      (await get("127.0.0.1", { ...own, headers: { origin: `http://127.0.0.1:${port}` } })).status,
      403
    )
    assert.notStrictEqual(
      (await get("127.0.0.1", { ...own, headers: { origin: `https://127.0.0.1:${port}` } })).status,
      403
    )
  })

  it("a fault that resets a connection does so over TLS", async () => {
    const headers = { "x-emulator-fault": JSON.stringify({ reset: true }) }
    const error = await get("127.0.0.1", { headers }).catch((error) => error)
    assert.include(["ECONNRESET", "EPIPE"], error.code)
    assert.strictEqual((await get("127.0.0.1")).status, 200)
  })

  it("a stream comes chunk by chunk, and a large body goes in one piece and in many", async () => {
    const ask = (size: number, method: string) =>
      new Promise<string>((resolve, reject) => {
        const body = JSON.stringify({ contents: [{ parts: [{ text: "x".repeat(size) }] }] })
        const path = `/v1beta/models/gemini-3.8-flash:${method}`
        const options = {
          host: "127.0.0.1",
          port,
          path,
          ca,
          agent: false,
          method: "POST",
          headers: { "x-goog-api-key": "k" }
        }
        const request = Https.request(options, (response) => {
          let text = `${response.statusCode} `
          response.on("data", (data) => (text += data)).on("end", () => resolve(text))
        })
        request.on("error", reject)
        request.end(body)
      })
    assert.match(await ask(10, "streamGenerateContent?alt=sse"), /^200 data: /)
    assert.match(await ask(300_000, "countTokens"), /^200 [^]*totalTokens/)
  })

  it("half a handshake, none, and noise end nothing", async () => {
    const send = (bytes: Uint8Array) =>
      new Promise<void>((resolve) => {
        const socket = connect(port, "127.0.0.1", () => socket.write(bytes))
        socket.on("error", () => undefined).on("close", () => resolve()).on("data", () => undefined)
        setTimeout(() => socket.destroy(), 50)
      })
    const hello = Buffer.from("1603010200010001fc0303", "hex")
    await Promise.all([send(hello), send(hello.subarray(0, 1)), send(Buffer.alloc(2000, 0x16)), send(Buffer.alloc(0))])
    assert.strictEqual((await get("127.0.0.1")).status, 200)
    assert.strictEqual((await fetch(`${gemini.url}/v1beta/models?key=k`)).status, 200)
  })

  it("a server stops while clients hang in the middle of a handshake", async () => {
    const other = await Standalone.start({ certificateFile: join(folder, "other.pem") })
    const open = (bytes: Uint8Array) =>
      new Promise<{ readonly closed: Promise<void> }>((resolve) => {
        const socket = connect(Number(new URL(other.url).port), "127.0.0.1", () => {
          const closed = new Promise<void>((done) => socket.on("error", () => undefined).once("close", () => done()))
          socket.resume()
          socket.write(bytes, () => resolve({ closed }))
        })
      })
    const closed = [await open(Uint8Array.of(0x16, 3, 1, 2, 0, 1)), await open(Buffer.from("GET /"))]
    await other.stop()
    await Promise.all(closed.map((each) => each.closed))
  })
})

describe("the certificate", () => {
  it("is made at each start, for the names of the emulator, and signs for nobody else", async () => {
    const certificate = new X509Certificate(ca)
    assert.strictEqual(
      certificate.subjectAltName,
      "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:gemini.test"
    )
    assert.isFalse(certificate.ca)
    assert.isTrue(certificate.verify(certificate.publicKey))
    assert.isBelow(Date.parse(certificate.validFrom), Date.now())
    assert.notInclude(ca, "PRIVATE KEY")
    const again = await Standalone.start({ certificateFile: file })
    try {
      assert.notStrictEqual(await readFile(file, "utf8"), ca)
    } finally {
      await again.stop()
      await writeFile(file, ca)
    }
  })

  it("has the addresses of IPv6 that it listens on", async () => {
    const { make } = await import("../src/internal/door/certificate.ts")
    const names = ["::", "[::1]", "fe80::1:2", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "2001:db8::"]
    const { subjectAltName = "" } = new X509Certificate(make(names, Date.UTC(2060, 0)).cert)
    assert.deepStrictEqual(subjectAltName.replaceAll("IP Address:", "").split(", "), [
      "0:0:0:0:0:0:0:0",
      "0:0:0:0:0:0:0:1",
      "FE80:0:0:0:0:0:1:2",
      "1:2:3:4:5:6:7:8",
      "0:0:0:0:0:FFFF:102:304",
      "2001:DB8:0:0:0:0:0:0"
    ])
  })

  it("replaces no file but a certificate", async () => {
    const notes = join(folder, "notes.txt")
    await writeFile(notes, "dear diary")
    const error = await Standalone.start({ certificateFile: notes }).catch((error) => error)
    assert.include(error.message, `${notes}: it holds something else than a certificate`)
    assert.strictEqual(await readFile(notes, "utf8"), "dear diary")
    const nowhere = await Standalone.start({ certificateFile: join(folder, "no", "where.pem") }).catch((error) => error)
    assert.include(nowhere.message, "ENOENT")
  })

  it("speaks TLS 1.3 and 1.2", async () => {
    for (const version of ["TLSv1.3", "TLSv1.2"] as const) {
      const spoken = await new Promise((resolve, reject) => {
        const socket = Tls.connect({ port, host: "127.0.0.1", ca, maxVersion: version }, () => {
          resolve(socket.getProtocol())
          socket.destroy()
        }).on("error", reject)
      })
      assert.strictEqual(spoken, version)
    }
  })

  it.skipIf(!isThere("openssl", "version"))("stands up to OpenSSL's strict check", async () => {
    const args = [
      "verify",
      "-x509_strict",
      "-purpose",
      "sslserver",
      "-verify_hostname",
      "localhost",
      "-CAfile",
      file,
      file
    ]
    const { code, text } = await program("openssl", args)
    assert.strictEqual(code, 0, text)
  })

  it.skipIf(!isThere("curl", "--version"))("is taken by curl", async () => {
    const url = `https://localhost:${port}/v1beta/models?key=k`
    const trusted = await program("curl", [
      "-sS",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code} %{scheme}",
      "--cacert",
      file,
      url
    ])
    assert.strictEqual(trusted.text.toLowerCase(), "200 https")
    const distrusted = await program("curl", ["-sS", url], { SSL_CERT_FILE: "", CURL_CA_BUNDLE: "" })
    assert.strictEqual(distrusted.code, 60, distrusted.text)
  })

  it.skipIf(!isThere("python3", "--version"))("is taken by Python's ssl, for HTTP and a WebSocket", async () => {
    const script = `
import os, socket, ssl, sys, urllib.request
port = int(sys.argv[1])
with urllib.request.urlopen(f"https://127.0.0.1:{port}/v1beta/models?key=k") as response:
    print(response.status)
context = ssl.create_default_context()
context.verify_flags |= ssl.VERIFY_X509_STRICT
with socket.create_connection(("localhost", port)) as plain:
    with context.wrap_socket(plain, server_hostname="localhost") as secure:
        secure.sendall((
            f"GET ${livePath} HTTP/1.1\\r\\nHost: localhost:{port}\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n").encode())
        head = b""
        while b"\\r\\n\\r\\n" not in head: head += secure.recv(4096)
        setup = b'{"setup":{"model":"models/gemini-3.8-live"}}'
        secure.sendall(bytes([0x81, 0x80 | len(setup), 0, 0, 0, 0]) + setup)
        frame = b""
        while b"setupComplete" not in frame: frame += secure.recv(4096)
        print(head.split(b"\\r\\n")[0].decode(), secure.version())
`
    const { code, text } = await program("python3", ["-c", script, String(port)], { SSL_CERT_FILE: file })
    assert.strictEqual(code, 0, text)
    assert.match(text, /^200\nHTTP\/1\.1 101 Switching Protocols TLSv1\.[23]\n$/)
  })

  it.skipIf(!isThere("go", "version"))("is taken by Go's crypto/tls", async () => {
    const main = join(folder, "main.go")
    await writeFile(
      main,
      `package main
import ("fmt"; "net/http"; "os")
func main() {
  response, err := http.Get("https://localhost:" + os.Args[1] + "/v1beta/models?key=k")
  if err != nil { fmt.Println(err); os.Exit(1) }
  fmt.Println(response.StatusCode)
}
`
    )
    const env = { SSL_CERT_FILE: file, GOCACHE: join(folder, "go"), GOFLAGS: "-mod=mod", GOPROXY: "off" }
    const { code, text } = await program("go", ["run", main, String(port)], env)
    assert.strictEqual(code, 0, text)
    assert.strictEqual(text, "200\n")
  }, 120_000)
})
