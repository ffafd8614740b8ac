/**
 * An emulator in a process of its own: the first argument are its options as JSON. It answers lines: `uploads`, `files`,
 * and `add BYTES`, which puts a generated file there and says its name.
 */
import * as Standalone from "effect-gemini-emulator/Standalone"
import { createInterface } from "node:readline"
import { pieces } from "./largeBytes.ts"

const emulator = await Standalone.start(JSON.parse(process.argv[2] ?? "{}"))
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)
say(emulator.url)
for await (const line of createInterface({ input: process.stdin })) {
  const [command, size = "0"] = line.split(" ")
  if (command === "uploads") say(emulator.files.uploads())
  else if (command === "files") say(emulator.files.list().map(({ file }) => file))
  else if (command === "add") {
    say(emulator.files.add({ mimeType: "video/mp4", source: "GENERATED", bytes: pieces(Number(size)) }))
  }
}
await emulator.stop()
