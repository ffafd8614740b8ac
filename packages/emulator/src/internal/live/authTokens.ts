/**
 * Ephemeral tokens: what a backend gives a browser in place of its key.
 */
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"

export interface Token {
  readonly key: string
  /** How many sessions it may still begin. Undefined: as many as the client likes. */
  usesLeft: number | undefined
  readonly expires: number
  readonly newSessionExpires: number
  readonly setup: Json.Json | undefined
  readonly mask: ReadonlyArray<string> | undefined
}

export interface Tokens {
  /**
   * Makes a token of `body`, an AuthToken with its names in camelCase. The result is its name, or what is wrong with
   * the body.
   */
  readonly create: (
    body: Json.Json,
    key: string,
    now: number
  ) => { readonly name: string } | { readonly refused: string }
  /** The token, if a session may begin with it now. */
  readonly find: (name: string, now: number) => Token | undefined
  /** Whether a new session may begin, which is then counted. */
  readonly use: (token: Token, now: number) => boolean
  readonly clear: () => void
}

const hour = 3_600_000

const timeOf = (value: unknown, otherwise: number): number => typeof value === "string" ? Date.parse(value) : otherwise

const camel = (path: string): string => path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** `space` is the space that every client with a token of this table is in. */
export const make = (seed: string, space = "default"): Tokens => {
  const prefix = space === "default" ? "auth_tokens/" : `auth_tokens/space:${space}:`
  const all = new Map<string, Token>()
  let count = 0
  return {
    create: (body, key, now) => {
      const expires = timeOf(body["expireTime"], now + hour / 2)
      const newSessionExpires = timeOf(body["newSessionExpireTime"], now + 60_000)
      if (expires <= now || expires > now + 20 * hour || newSessionExpires > now + 20 * hour) {
        return { refused: "Request contains an invalid argument." }
      }
      const uses = Json.number(body["uses"]) ?? 1
      const setup = body["bidiGenerateContentSetup"]
      const mask = Json.text(body["fieldMask"])
      if (uses < 0 || (mask !== undefined && setup === undefined)) {
        return { refused: "Request contains an invalid argument." }
      }
      const name = prefix + Dice.make(`${seed}\ntoken\n${count++}`).letters(64, "0123456789abcdef")
      all.set(name, {
        key,
        usesLeft: uses === 0 ? undefined : uses,
        expires,
        newSessionExpires,
        setup: Json.isObject(setup) ? setup : undefined,
        mask: mask === undefined ? undefined : mask.split(",").map((path) => camel(path.trim()))
      })
      return { name }
    },
    find: (name, now) => {
      const token = all.get(name)
      return token !== undefined && now < token.expires ? token : undefined
    },
    use: (token, now) => {
      if (now >= token.newSessionExpires || token.usesLeft === 0) return false
      if (token.usesLeft !== undefined) token.usesLeft--
      return true
    },
    clear: () => {
      all.clear()
      count = 0
    }
  }
}

const put = (target: Json.Json, path: ReadonlyArray<string>, value: unknown): Json.Json => {
  const [head, ...rest] = path
  if (head === undefined) return target
  const inner = target[head]
  const next = rest.length === 0 ? value : put(Json.isObject(inner) ? inner : {}, rest, value)
  const { [head]: _, ...others } = target
  return next === undefined ? others : { ...others, [head]: next }
}

/**
 * The setup that counts. If the token has no setup, the client's counts; if it has no mask either, the token's setup
 * replaces the client's as a whole. With a mask the named fields are the token's, also where the token leaves them out.
 * Which session is resumed is always the client's to say.
 */
export const constrained = (token: Pick<Token, "setup" | "mask">, client: Json.Json): Json.Json => {
  const { mask, setup } = token
  if (setup === undefined) return client
  if (mask !== undefined) {
    return mask.reduce((merged, path) => put(merged, path.split("."), Json.at(setup, ...path.split("."))), client)
  }
  const resumption = client["sessionResumption"]
  return resumption === undefined ? setup : { ...setup, sessionResumption: resumption }
}
