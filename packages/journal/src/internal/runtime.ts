/** What runtimes differ in: a process may have a number, a user, and built-in modules, or none of them. */

const host = typeof process === "undefined" ? undefined : process

export const pid = (): number | undefined => host?.pid

/** The number of the user, where the system has such numbers. */
export const uid = (): number | undefined => host?.getuid?.()

const encoder = new TextEncoder()

export const encode = (text: string): Uint8Array => encoder.encode(text)

/** Bytes of UTF-8. Text that cannot be above the limit of anything is not encoded to be counted. */
export const byteLength = (text: string): number =>
  typeof Buffer === "undefined" ? encode(text).length : Buffer.byteLength(text)
