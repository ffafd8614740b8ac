/**
 * The login to Google Cloud that calls would use, told without logging in: the variable and the files that Google's
 * library looks at, in its order (`google-auth-library` 11.3, application default credentials).
 */
import { readFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { shortened } from "./places.ts"

export interface GoogleLogin {
  /** The kind of login. It holds no secret. */
  readonly says: string
  /** The variable or the file that names it. */
  readonly from: string
  /** The file that the variable names. */
  readonly file?: string | undefined
  /** What is wrong with it. */
  readonly problem?: string | undefined
}

const kinds: ReadonlyMap<unknown, string> = new Map([
  ["service_account", "a service account's key"],
  ["authorized_user", "a user's login"],
  ["external_account", "workload identity federation"],
  ["external_account_authorized_user", "workforce identity federation"],
  ["impersonated_service_account", "an impersonated service account"]
])

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    // The error of the parser quotes the text, which holds a private key.
    return undefined
  }
}

/** The kind of login in a file, or what is wrong with the file. */
const kindIn = (path: string): Pick<GoogleLogin, "says" | "problem"> => {
  const none = (why: string) => ({ says: "none", problem: `${shortened(path)} ${why}` })
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT"
    return none(isMissing ? "is not there" : "cannot be read")
  }
  const file = parsed(text)
  const type: unknown = typeof file === "object" && file !== null ? Reflect.get(file, "type") : undefined
  const says = kinds.get(type)
  return says === undefined ? none("is not a file of credentials that Google's library knows") : { says }
}

/** The file that `gcloud auth application-default login` writes. */
const ofGcloud = (env: NodeJS.ProcessEnv): string => {
  const usual = process.platform === "win32" ? env["APPDATA"] ?? homedir() : join(env["HOME"] ?? homedir(), ".config")
  return join(env["CLOUDSDK_CONFIG"] || join(usual, "gcloud"), "application_default_credentials.json")
}

/** The library reads the environment of the process, whatever stands behind it. */
export const find = (env: NodeJS.ProcessEnv = process.env): GoogleLogin => {
  const named = env["GOOGLE_APPLICATION_CREDENTIALS"]
  if (named !== undefined && named !== "") {
    const { problem, says } = kindIn(named)
    return {
      says,
      from: "GOOGLE_APPLICATION_CREDENTIALS",
      file: shortened(named),
      problem: problem === undefined ? undefined : `GOOGLE_APPLICATION_CREDENTIALS: ${problem}`
    }
  }
  const gcloud = ofGcloud(env)
  const found = kindIn(gcloud)
  return found.problem === undefined
    ? { says: `${found.says} by gcloud auth application-default login`, from: shortened(gcloud) }
    : { says: "the metadata server, which answers on Google Cloud alone", from: "default" }
}
