/** What is told of the login to Google Cloud: the kind and the place, and never what is in the file. */
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as GoogleLogin from "../src/internal/setup/googleLogin.ts"

let folder = ""

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gemini-fx-login-"))
  return () => rmSync(folder, { recursive: true })
})

const kept = (name: string, content: unknown): string => {
  const path = join(folder, name)
  mkdirSync(join(path, ".."), { recursive: true })
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content))
  return path
}

const name = "application_default_credentials.json"

describe("the file that GOOGLE_APPLICATION_CREDENTIALS names", () => {
  const told = (path: string) => GoogleLogin.find({ GOOGLE_APPLICATION_CREDENTIALS: path, HOME: folder })

  it("is told by the kind of its login", () => {
    for (
      const [type, says] of [
        ["service_account", "a service account's key"],
        ["authorized_user", "a user's login"],
        ["external_account", "workload identity federation"],
        ["external_account_authorized_user", "workforce identity federation"],
        ["impersonated_service_account", "an impersonated service account"]
      ] as const
    ) {
      const file = kept("key.json", { type, private_key: "secret" })
      assert.deepStrictEqual(told(file), { says, from: "GOOGLE_APPLICATION_CREDENTIALS", file, problem: undefined })
    }
  })

  it("is told with what is wrong with it, and without what it holds", () => {
    const wrong = (file: string, why: string) =>
      assert.deepStrictEqual(told(file), {
        says: "none",
        from: "GOOGLE_APPLICATION_CREDENTIALS",
        file,
        problem: `GOOGLE_APPLICATION_CREDENTIALS: ${file} ${why}`
      })
    const unknown = "is not a file of credentials that Google's library knows"
    wrong(join(folder, "none.json"), "is not there")
    wrong(folder, "cannot be read")
    for (const content of ["{ \"private_key\": \"secret", "null", "7", {}, { type: "other" }, { type: 1 }]) {
      wrong(kept("key.json", content), unknown)
    }
  })

  it("counts as not named where the variable is empty", () => {
    kept(`.config/gcloud/${name}`, { type: "authorized_user" })
    assert.include(told("").says, "gcloud")
  })
})

describe("without that variable", () => {
  it("gcloud's own login is told, from the folder of the variable or from the home folder", () => {
    const says = "a user's login by gcloud auth application-default login"
    const usual = kept(`.config/gcloud/${name}`, { type: "authorized_user" })
    assert.deepStrictEqual(GoogleLogin.find({ HOME: folder }), { says, from: usual })
    assert.deepStrictEqual(GoogleLogin.find({ HOME: folder, CLOUDSDK_CONFIG: "" }), { says, from: usual })
    const other = kept(`other/${name}`, { type: "authorized_user" })
    assert.deepStrictEqual(GoogleLogin.find({ HOME: folder, CLOUDSDK_CONFIG: join(folder, "other") }), {
      says,
      from: other
    })
  })

  it("and without gcloud's login the metadata server is what answers", () => {
    const expected = { says: "the metadata server, which answers on Google Cloud alone", from: "default" }
    assert.deepStrictEqual(GoogleLogin.find({ HOME: folder }), expected)
    kept(`.config/gcloud/${name}`, { type: "other" })
    assert.deepStrictEqual(GoogleLogin.find({ HOME: folder }), expected)
  })
})
