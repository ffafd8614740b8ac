/** An emulator in a process of its own, whose memory is looked at: `node logServer.ts`, asked over the channel to its parent. */
import * as Standalone from "effect-gemini-emulator/Standalone"

const emulator = await Standalone.start()
process.send?.({ url: emulator.url })
process.on("message", () => {
  const { byOutcome, dropped, total } = emulator.counters()
  process.send?.({ rss: process.memoryUsage().rss, kept: emulator.requests().length, byOutcome, dropped, total })
})
