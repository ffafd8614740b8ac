/** A call as a program: for a shell, TypeScript and Python. The key is always a variable. */

export interface Asked {
  readonly url: string
  readonly body: unknown
}

/** A text that a shell takes as it is. */
const shell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

export const curl = ({ body, url }: Asked): string =>
  `curl -sS ${
    shell(url)
  } \\\n  -H "x-goog-api-key: $GEMINI_API_KEY" \\\n  -H 'content-type: application/json' \\\n  -d ${
    shell(JSON.stringify(body, undefined, 2))
  }`

export const typescript = ({ body, url }: Asked): string =>
  `const response = await fetch(${JSON.stringify(url)}, {
  method: "POST",
  headers: { "x-goog-api-key": process.env.GEMINI_API_KEY ?? "", "content-type": "application/json" },
  body: JSON.stringify(${JSON.stringify(body, undefined, 2).replaceAll("\n", "\n  ")})
})
console.log(await response.text())`

/** A JSON value as Python writes it. Its texts are JSON's, whose escapes Python knows all of. */
const pythonValue = (value: unknown, indent: string): string => {
  if (value === true) return "True"
  if (value === false) return "False"
  if (value === null || value === undefined) return "None"
  const deeper = `${indent}    `
  const lines = (open: string, close: string, all: ReadonlyArray<string>): string =>
    all.length === 0 ? open + close : `${open}\n${all.map((each) => `${deeper}${each},\n`).join("")}${indent}${close}`
  if (Array.isArray(value)) return lines("[", "]", value.map((each: unknown) => pythonValue(each, deeper)))
  if (typeof value === "object") {
    return lines(
      "{",
      "}",
      Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${pythonValue(each, deeper)}`)
    )
  }
  return JSON.stringify(value)
}

export const python = ({ body, url }: Asked): string =>
  `import json, os, urllib.request

body = ${pythonValue(body, "")}
request = urllib.request.Request(
    ${JSON.stringify(url)},
    data=json.dumps(body).encode(),
    headers={"x-goog-api-key": os.environ["GEMINI_API_KEY"], "content-type": "application/json"},
)
with urllib.request.urlopen(request) as response:
    print(response.read().decode())`
