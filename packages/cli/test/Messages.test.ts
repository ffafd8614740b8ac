/**
 * What a person reads when something is wrong: every case's whole stderr and exit code,
 * kept in messages/, one file a command. Read them as a user would before accepting a change.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Audio from "effect-gemini/live/Audio"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { gemini, type Setting } from "./harness.ts"

interface Case extends Setting {
  readonly args?: ReadonlyArray<string>
  /** The narrative, as story.toml. */
  readonly story?: string
  readonly exitCode?: number
}

const act = (lines: string) => `[[acts]]\nname = "draft"\n${lines}\n`
const says = act(`prompt = "Hello"`)
const password = "hunter2secret"
const conf = { GEMINI_FX_CONFIG: "conf" }
/** A command of a person whose `config.toml` is this one. */
const settings = (toml: string): Case => ({ args: ["models"], env: conf, files: { "conf/config.toml": toml } })
const key = { GEMINI_API_KEY: "AIza-not-a-real-key" }

const cases: Readonly<Record<string, Case>> = {
  "a file that is not there": {},
  "TOML that is not TOML": { story: `[[acts]]\nname = "draft\n` },
  "a key given twice": { story: `[[acts]]\nname = "a"\nname = "b"\nprompt = "x"\n` },
  "an empty file": { story: "" },
  "no acts": { story: `title = "Nothing happens"\n` },
  "acts that are not tables": { story: `acts = ["draft", "final"]\n` },
  "an act written as a single table": { story: `[acts]\nname = "draft"\nprompt = "x"\n` },
  "an act without a name": { story: `[[acts]]\nprompt = "Hello"\n` },
  "an act with a name that no reference can spell": { story: `[[acts]]\nname = "first draft"\nprompt = "Hello"\n` },
  "two acts of one name": { story: `${says}\n${says}` },
  "an act that says nothing": { story: act(`model = "gemini-flash-latest"`) },
  "an empty prompt": { story: act(`prompt = "  "`) },
  "a misspelt key": { story: act(`promt = "Hello"`) },
  "a key of another place": { story: act(`prompt = "Hello"\ntemperature = 0.4`) },
  "a number where a text belongs": { story: act("prompt = 5") },
  "a model that cannot be a name": { story: act(`prompt = "Hello"\nmodel = "gemini 3.8 flash"`) },
  "a temperature beyond the scale": { story: act(`prompt = "Hello"\ngeneration = { temperature = 20 }`) },
  "a thinking level that is none": { story: act(`prompt = "Hello"\ngeneration = { thinking_level = "deep" }`) },
  "thinking by level and by budget": {
    story: act(`prompt = "Hello"\ngeneration = { thinking_level = "low", thinking_budget = 100 }`)
  },
  "a reference to an act that is not there": { story: act(`prompt = """\nMend this:\n\n{{darft}}\n"""`) + "" },
  "a reference that is one letter off": {
    story: `${says}\n[[acts]]\nname = "final"\nprompt = """\nMend this:\n\n{{drafft}}\n"""\n`
  },
  "an input from an act that is not there": {
    story: `${says}\n[[acts]]\nname = "final"\ninputs = [{ act = "critique" }]\n`
  },
  "an act that needs itself": { story: act(`prompt = "{{draft}}"`) },
  "acts that need each other": {
    story: act(`prompt = "{{final}}"`) + `[[acts]]\nname = "critique"\nprompt = "{{draft}}"\n` +
      `[[acts]]\nname = "final"\nprompt = "{{critique}}"\n`
  },
  "an image that is not there": { story: act(`inputs = [{ image = "tide.png" }]\nprompt = "Describe it"`) },
  "an image of no kind that Gemini reads": {
    story: act(`inputs = [{ image = "tide.bmp" }]\nprompt = "Describe it"`),
    files: { "tide.bmp": Uint8Array.of(66, 77) }
  },
  "an image elsewhere": {
    story: act(`inputs = [{ image = "/etc/passwd" }]\nprompt = "Describe it"`),
    files: { "/etc/passwd": "root:x:0:0:root:/root:/bin/sh" }
  },
  "an image of another type than it says": {
    story: act(`inputs = [{ image = "tide.png", media_type = "image/webp" }]`),
    files: { "tide.png": Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10) }
  },
  "a folder of images that is not there": { args: ["run", "story.toml", "--inputs-from", "nowhere"], story: says },
  "a folder of images that is a file": { args: ["run", "story.toml", "--inputs-from", "story.toml"], story: says },
  "an image URL that is a path": { story: act(`inputs = [{ image_url = "./tide.png" }]\nprompt = "Describe it"`) },
  "base64 that is none": {
    story: act(`inputs = [{ image_base64 = "data:image/png;base64,iVBORw==", media_type = "image/png" }]`)
  },
  "an input that says two things": { story: act(`inputs = [{ text = "Hello", image = "tide.png" }]`) },
  "a variable without a value": {
    story: `[variables]\ntopic = { type = "string", description = "what it is about" }\n${act(`prompt = "{{topic}}"`)}`
  },
  "a value of the wrong type": {
    story: `[variables]\ncount = { type = "integer", default = 3 }\n${act(`prompt = "{{count}}"`)}`,
    args: ["run", "story.toml", "--var", "count=many"]
  },
  "a value for a variable that is not there": {
    story: `[variables]\ntopic = "tides"\n${act(`prompt = "{{topic}}"`)}`,
    args: ["run", "story.toml", "--var", "topc=waves"]
  },
  "several problems at once": {
    story: `titel = "Tides"\n${
      act(`model = ""\nprompt = "{{final}}"`)
    }[[acts]]\nname = "final"\ninputs = [{ act = "critique" }]\n`
  },
  "no command": { args: ["story.toml"], story: says },
  "a command that is one letter off": { args: ["rnu", "story.toml"], story: says },
  "no file": { args: ["run"] },
  "a flag that is not there": { args: ["run", "story.toml", "--modle", "gemini-pro-latest"], story: says },
  "a flag without its value": { args: ["run", "story.toml", "--model"], story: says },
  "a model on the command line that cannot be a name": { args: ["run", "story.toml", "-m", "gemini pro"], story: says },
  "no room for any act": { args: ["run", "story.toml", "-c", "0"], story: says },
  "a variable without its name": { args: ["run", "story.toml", "--var", "=Ada"], story: says },
  "a variable without its value": { args: ["run", "story.toml", "--var", "hero"], story: says },
  "a count that is not a number": { args: ["run", "story.toml", "-c", "two"], story: says },
  "a tier that is not there": { args: ["run", "story.toml", "--tier", "gold"], story: says },
  "the flag of before there were runs": {
    args: ["run", "story.toml", "--state", "s.json"],
    story: says,
    files: { "s.json": "[]" }
  },
  "references that are none": {
    args: ["check", "story.toml"],
    story: act(`prompt = "{{outline.chapters}}, \${draft}, {draft} and {other}"`),
    exitCode: 0
  },
  "a model that this version does not know": {
    args: ["check", "story.toml"],
    story: act(`model = "gemini-3.8-flahs"\nprompt = "Hello"`),
    exitCode: 0
  },
  "nothing to check": { args: ["check"] },
  "several files, two of them wrong": {
    args: ["check", "story.toml", "wrong.toml", "missing.toml"],
    story: says,
    files: { "wrong.toml": act(`promt = "Hello"`) }
  },
  "a narrative over one that is there": { args: ["init", "story.toml"], story: says },
  "a narrative in a folder that is not there": { args: ["init", "nowhere/story.toml"] },
  "a picture that moves, in a pipe": { args: ["limits", "--watch"] },
  "a picture that moves, as JSON": { args: ["limits", "--watch", "--json"] },
  "an emulator on a port that is none": { args: ["emulator", "--port", "http"] },
  "a share of an overload that is none": { args: ["emulator", "--port", "0", "--overload", "gemini-3.8-flash=2"] },
  "an overload of a model that is not there": { args: ["emulator", "--port", "0", "--overload", "gemini-9"] },
  "a way to be down that is none": { args: ["emulator", "--port", "0", "--outage", "us-east1=slowly"] },
  "a recording that is not there": { args: ["emulator", "--port", "0", "--recorded", "/nowhere/to/be/found"] },
  "a configuration that is not there": { args: ["run", "story.toml", "--config", "gemini.toml"], story: says },
  "a configuration that is not TOML": {
    args: ["run", "story.toml", "--config", "gemini.toml"],
    story: says,
    files: { "gemini.toml": "[providers.gemini\n" }
  },
  "a limit that is not a number": {
    args: ["run", "story.toml", "--config", "gemini.toml"],
    story: says,
    files: { "gemini.toml": "[providers.gemini]\n\n[providers.gemini.tiers.free]\nrpm = \"ten\"\n" }
  },
  "a default tier that is not there": {
    args: ["limits", "--config", "gemini.toml"],
    files: { "gemini.toml": "[providers.gemini]\ndefault_tier = \"gold\"\n" }
  },
  "a setting that is not there": {
    args: ["limits", "--config", "gemini.toml"],
    files: { "gemini.toml": "[providers.gemini]\ndefault_modle = \"gemini-flash-latest\"\n" }
  },
  "a base URL without a key": { story: says, env: { GEMINI_BASE_URL: "http://127.0.0.1:9" } },
  "a base URL with a password, without a key": {
    story: says,
    env: { GEMINI_BASE_URL: `http://me:${password}@127.0.0.1:9/x?token=${password}` }
  },
  "a base URL with a password": {
    story: says,
    env: { ...key, GEMINI_BASE_URL: `http://me:${password}@127.0.0.1:9` }
  },
  "a key in the base URL's place, without a key": { story: says, env: { GEMINI_BASE_URL: key.GEMINI_API_KEY } },
  "a base URL that is none": { story: says, env: { ...key, GEMINI_BASE_URL: "localhost:8790" } },
  "an API version that is none": { story: says, env: { ...key, GEMINI_API_VERSION: "v1/beta" } },
  "a server that is not there": { story: says, env: { ...key, GEMINI_BASE_URL: "http://127.0.0.1:9" }, exitCode: 1 },
  "a question that is not there": { args: ["live", "--emulator", "--in", "question.wav"] },
  "a question that is not a WAV file": {
    args: ["live", "--emulator", "--in", "question.wav"],
    files: { "question.wav": "ID3" }
  },
  "a question without sound": {
    args: ["live", "--emulator", "--in", "question.wav"],
    files: { "question.wav": Audio.toWav({ samples: new Int16Array(0), sampleRate: 16_000 }) }
  },
  "an answer that cannot be written": { args: ["live", "--emulator", "--out", "nowhere/answer.wav"] },
  "a live model that cannot be a name": { args: ["live", "--emulator", "-m", "gemini live"] },
  "a model that does not talk live": { args: ["live", "--emulator", "-m", "gemini-3.8-flash"], exitCode: 1 },
  "a live server that is not there": {
    args: ["live"],
    env: { ...key, GEMINI_BASE_URL: "http://127.0.0.1:9" },
    exitCode: 1
  },
  "a key on the command line": { args: ["keys", "set", "AIza-not-a-real-key"] },
  "no key at all": { args: ["keys", "set"], stdin: Stream.empty },
  "a key that is two words": { args: ["keys", "set"], stdin: Stream.make("my key\n") },
  "a key of letters that no header takes": { args: ["keys", "set"], stdin: Stream.make("schl\u00fcssel\n") },
  "a file of keys that holds none": {
    args: ["models"],
    env: conf,
    files: { "conf/keys.json": "AIza-not-a-real-key" }
  },
  "a configuration of the person's that is not TOML": settings("model = gemini\n"),
  "settings that are not there": settings("modle = \"gemini-pro-latest\"\ncolour = \"red\"\n"),
  "a key among the settings": settings("api_key = \"AIza-not-a-real-key\"\n"),
  "settings of the wrong kind": settings("history = \"no\"\nmodel = 3\nstate = \"\"\n"),
  "a model among the settings that cannot be a name": settings("model = \"gemini 3.8\"\n"),
  "a tier among the settings that is not there": settings("# mine\ntier = \"gold\"\n"),
  "a base URL among the settings that is none": settings("base_url = \"localhost:8790\"\n"),
  "a server of tools that says neither how nor where": settings("[mcp.files]\nargs = [\"-y\"]\n"),
  "a server of tools with two ways to it": settings(
    "[mcp.files]\ncommand = \"npx\"\nurl = \"http://127.0.0.1:9\"\n"
  ),
  "a server of tools that is misspelt": settings("[mcp.files]\ncomand = \"npx\"\nread_only = true\n"),
  "a server of tools whose arguments are one text": settings("[mcp.files]\ncommand = \"npx\"\nargs = \"-y server\"\n"),
  "a server of tools at no URL": settings("[mcp.web]\nurl = \"example.com/mcp\"\n"),
  "a server of tools with a name that is none": settings("[mcp.\"my files\"]\ncommand = \"npx\"\n"),
  "servers of tools that are not tables": settings("mcp = \"npx\"\n"),
  "limits among the settings that are misspelt": settings("[providers.gemini]\ndefault_modle = \"x\"\n"),
  "a tier of the environment that is not there": { args: ["models"], env: { GEMINI_FX_TIER: "gold" } },
  "a switch of the environment that is neither on nor off": { args: ["models"], env: { GEMINI_FX_EMULATOR: "maybe" } },
  "Vertex AI asked for without a project": { args: ["models"], env: { GOOGLE_GENAI_USE_VERTEXAI: "true" } },
  "Vertex AI asked for with a location and a key alone": {
    args: ["models"],
    env: { ...key, GOOGLE_GENAI_USE_ENTERPRISE: "true", GOOGLE_CLOUD_LOCATION: "europe-west1" }
  },
  "a switch of Vertex AI that is neither true nor false": {
    args: ["models"],
    env: { GOOGLE_GENAI_USE_VERTEXAI: "yes please" }
  },
  "a project of Vertex AI that is none": {
    args: ["models"],
    env: { GOOGLE_GENAI_USE_VERTEXAI: "true", GOOGLE_CLOUD_PROJECT: "a/b" }
  },
  "settings of Vertex AI without a project": {
    args: ["config", "show"],
    env: { GOOGLE_GENAI_USE_VERTEXAI: "true" },
    exitCode: 0
  },
  "a command of keys that is not there": { args: ["keys", "show"] },
  "a model that is not there": { args: ["run", "story.toml", "-m", "gemini-pro-lates"], story: says, exitCode: 1 }
}

describe("a person who made a mistake", () => {
  it.live("reads what is wrong and what to do", () =>
    Effect.gen(function*() {
      const reports = new Map<string, Array<string>>()
      for (const [title, { args = ["run", "story.toml"], exitCode = 2, story, ...setting }] of Object.entries(cases)) {
        const files = { ...setting.files, ...(story === undefined ? {} : { "story.toml": story }) }
        const outcome = yield* gemini(args, { ...setting, files })
        assert.strictEqual(outcome.exitCode, exitCode, title + outcome.stderr)
        for (const secret of ["AIza", password]) assert.notInclude(outcome.stderr + outcome.stdout, secret, title)
        // Real retries wait for a random time.
        const stderr = outcome.stderr.replace(/the next one in [\d.]+ s/g, "the next one in N s")
          .replace(/(resume) draft-\w{6}/g, "$1 ID").replace(/\brun-\w{6}|story-toml-\w{6}/g, "ID")
        const command = ["run", "check", "init", "live", "limits", "emulator", "models", "keys"].find((name) =>
          name === args[0]
        ) ?? "other"
        const report = reports.get(command) ?? []
        reports.set(command, report)
        report.push(
          `# ${title}\n$ gemini-fx ${
            args.join(" ").replace(key.GEMINI_API_KEY, "KEY")
          }\n${stderr}=> ${outcome.exitCode}\n`
        )
      }
      for (const [command, report] of reports) {
        yield* Effect.promise(() => expect(report.join("\n")).toMatchFileSnapshot(`./messages/${command}.txt`))
      }
    }))
})
