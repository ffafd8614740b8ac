/** The file in which clients find the certificate to trust. */
import { readFileSync, writeFileSync } from "node:fs"

const begin = "-----BEGIN CERTIFICATE-----"

/** What stands in the way of writing there. Undefined: it is written. */
export const write = (file: string, cert: string): string | undefined => {
  try {
    writeFileSync(file, cert, { flag: "wx" })
    return undefined
  } catch (error) {
    const { code, message } = error instanceof Error ? { code: "", ...error, message: error.message } : {
      code: "",
      message: String(error)
    }
    if (code !== "EEXIST") return message
  }
  try {
    // A certificate of an earlier start is replaced, and nothing else.
    if (!readFileSync(file, "latin1").startsWith(begin)) return "it holds something else than a certificate"
    writeFileSync(file, cert)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
