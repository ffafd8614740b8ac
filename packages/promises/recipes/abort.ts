// Calls that end when they must: by a deadline, by a person, by leaving the loop.
// npm install effect-gemini-promises
// Runs on Node, Bun and Deno.
import { Gemini } from "effect-gemini-promises"

await using gemini = new Gemini() // GEMINI_API_KEY

// A deadline: the call rejects with the signal's own reason, a TimeoutError.
try {
  await gemini.generate("Tell a long story", { signal: AbortSignal.timeout(1) })
} catch (error) {
  console.log(error instanceof DOMException && error.name)
}

// A person: the reason is what was given to abort.
const controller = new AbortController()
try {
  for await (const chunk of gemini.stream("Tell a long story", { signal: controller.signal })) {
    console.log("first piece:", chunk.text)
    controller.abort("the reader has had enough")
  }
} catch (reason) {
  console.log(reason)
}

// Leaving the loop closes the request.
for await (const chunk of gemini.stream("Tell a long story")) {
  console.log("only this:", chunk.text)
  break
}
