/** Calls the admin API as another program would: by fetch, over sockets. */

export interface AdminAnswer {
  readonly status: number
  // The tests look into answers of many shapes.
  readonly body: ReturnType<typeof JSON.parse>
}

export const adminCall =
  (url: string) => async (method: string, path: string, body?: unknown): Promise<AdminAnswer> => {
    const response = await fetch(`${url}/_emulator/v1${path}`, {
      method,
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
    })
    const text = await response.text()
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) }
  }
