/**
 * What an editor shows of narratives: taplo's language server, which VS Code, Zed, Helix and Neovim use for TOML, reads the
 * published schema by the first line of the file. Run as a program, this prints what it offers and marks, as JSON: the
 * server takes the process for a browser's, and asks a catalog in the network first.
 */
import { readFileSync } from "node:fs"
import { isAbsolute, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

interface RpcMessage {
  readonly jsonrpc: "2.0"
  readonly method?: string
  readonly id?: string | number
  readonly params?: unknown
  readonly result?: unknown
}

interface Server {
  readonly send: (message: RpcMessage) => void
  readonly dispose: () => void
}

interface Taplo {
  readonly TaploLsp: {
    readonly initialize: (
      environment: object,
      client: { readonly onMessage: (message: RpcMessage) => void }
    ) => Promise<Server>
  }
}

// The types of the package name others that it does not bring; typed as a string, TypeScript does not look for them.
const name: string = "@taplo/lsp"

const noNetwork = () => Promise.reject(new Error("no network"))
globalThis.fetch = noNetwork

const schema = pathToFileURL(join(import.meta.dirname, "../narrative.schema.json")).href
const folder = "file:///narratives"
const uri = `${folder}/story.toml`

/** A server that reads the schema and nothing else, and has no network. */
const environment = {
  now: () => new Date(),
  envVar: () => undefined,
  envVars: () => [],
  stdErrAtty: () => false,
  stdin: () => Promise.resolve(new Uint8Array()),
  stdout: (bytes: Uint8Array) => Promise.resolve(bytes.length),
  stderr: (bytes: Uint8Array) => Promise.resolve(bytes.length),
  glob: () => [],
  readFile: (path: string) => Promise.resolve(readFileSync(path)),
  writeFile: () => Promise.resolve(),
  urlToFilePath: (url: string) => url.startsWith("file:") ? fileURLToPath(url) : url,
  isAbsolute,
  cwd: () => "/",
  findConfigFile: () => undefined,
  fetch: { fetch: noNetwork, Headers, Request, Response }
}

const open = async () => {
  const waiting = new Map<string | number, (message: RpcMessage) => void>()
  let marked: ReadonlyArray<string> = []
  const onMessage = (message: RpcMessage): void => {
    if (message.method === "workspace/configuration") {
      const result = [0, 1].map(() => ({ schema: { enabled: true }, taplo: { configFile: { enabled: false } } }))
      server.send({ jsonrpc: "2.0", id: message.id ?? 0, result })
    } else if (message.method === "textDocument/publishDiagnostics") {
      const diagnostics: unknown = Reflect.get(Object(message.params), "diagnostics")
      marked = Array.isArray(diagnostics)
        ? diagnostics.map((found) => String(Reflect.get(Object(found), "message")))
        : []
    } else if (message.id !== undefined) waiting.get(message.id)?.(message)
  }
  const { default: { TaploLsp } }: { readonly default: Taplo } = await import(name)
  const server = await TaploLsp.initialize(environment, { onMessage })
  let last = 0
  const ask = (method: string, params: object) =>
    new Promise<unknown>((resolve) => {
      const id = ++last
      waiting.set(id, ({ result }) => resolve(result))
      server.send({ jsonrpc: "2.0", id, method, params })
    })
  const tell = (method: string, params: object) => server.send({ jsonrpc: "2.0", method, params })
  const workspaceFolders = [{ uri: folder, name: "narratives" }]
  await ask("initialize", { processId: null, rootUri: folder, capabilities: {}, workspaceFolders })
  tell("initialized", {})
  let version = 0
  const write = (text: string): void => {
    const whole = `#:schema ${schema}\n${text}`
    version++
    if (version === 1) tell("textDocument/didOpen", { textDocument: { uri, languageId: "toml", version, text: whole } })
    else tell("textDocument/didChange", { textDocument: { uri, version }, contentChanges: [{ text: whole }] })
  }
  /** What is offered at a line (from 1, without the schema's) and a column. The schema is read after the first question. */
  const offered = async (line: number, character: number): Promise<ReadonlyArray<string>> => {
    for (let tries = 0; tries < 200; tries++) {
      const items = await ask("textDocument/completion", { textDocument: { uri }, position: { line, character } })
      if (Array.isArray(items) && items.length > 0) {
        return items.map((item) => String(Reflect.get(Object(item), "label")))
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    return []
  }
  return { write, offered, marked: () => marked, close: () => server.dispose() }
}

const { close, marked, offered, write } = await open()
write("[[acts]]\nname = \"draft\"\n\n")
const ofAct = await offered(3, 0)
write("[[acts]]\nname = \"draft\"\non_failure = \n")
const onFailure = await offered(3, 13)
write("\n[generation]\n\n[[acts]]\nname = \"draft\"\n")
const ofFile = await offered(1, 0)
const ofGeneration = await offered(3, 0)
write("[[acts]]\nname = \"draft\"\nrepeat = { until = \"draft\" }\n")
while (marked().length === 0) await new Promise((resolve) => setImmediate(resolve))
process.stdout.write(JSON.stringify({ ofAct, onFailure, ofFile, ofGeneration, marked: marked() }))
close()
