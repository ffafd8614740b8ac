/** The admin API as the page asks it: the one thing it talks to. */
import { signal } from "@preact/signals"

/** What the emulator was started with, if it wants one. It is kept nowhere but here. */
export const token = signal("")

/** Whether the emulator wants a token, and this page has none or a wrong one. */
export const wantsToken = signal(false)

/** The API refused, in words that a person reads. */
export class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const detailOf = (body: string, status: number): string => {
  try {
    const { detail }: { readonly detail?: unknown } = JSON.parse(body)
    return typeof detail === "string" ? detail : body
  } catch {
    return body === "" ? `it answered ${status}` : body
  }
}

const credentials = (): Readonly<Record<string, string>> =>
  token.value === "" ? {} : { authorization: `Bearer ${token.value}` }

/** A request below `/_emulator/v1`; what is not a success becomes a `Refusal`. */
export const open = async (path: string, options: RequestInit = {}): Promise<Response> => {
  const response = await fetch(`/_emulator/v1${path}`, {
    ...options,
    headers: { ...Object.fromEntries(new Headers(options.headers)), ...credentials() }
  })
  if (response.status === 401) wantsToken.value = true
  if (response.ok) return response
  throw new Refusal(response.status, detailOf(await response.text(), response.status))
}

export const get = async <A>(path: string): Promise<A> => {
  const body: A = await (await open(path)).json()
  return body
}

/** Sends JSON, and gives what comes back; undefined where nothing does. */
export const send = async (method: string, path: string, body: unknown): Promise<unknown> => {
  const response = await open(path, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body)
  })
  return response.status === 204 ? undefined : response.json()
}

export const inSpace = (space: string, path: string): string => `/spaces/${encodeURIComponent(space)}${path}`

export const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error)
