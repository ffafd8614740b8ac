/**
 * On the audio thread: plays what the page sends, one piece after another. The server speaks faster than it is heard, so
 * most of an answer waits here, and a flush has to reach this very place: whatever is dropped anywhere else has been
 * handed over already.
 */
import type { FromSpeaker, ToSpeaker } from "./audioThread.ts"

class Playback extends AudioWorkletProcessor {
  private queue: Array<Float32Array> = []
  private at = 0
  private played = 0
  private isPlaying = false

  constructor() {
    super()
    this.port.addEventListener("message", ({ data }: MessageEvent<ToSpeaker>) => {
      if (data === "flush") this.flush()
      else this.queue.push(data)
    })
    this.port.start()
  }

  private tell(what: FromSpeaker): void {
    this.port.postMessage(what, [])
  }

  private flush(): void {
    const waiting = this.queue.reduce((sum, piece) => sum + piece.length, 0) - this.at
    this.queue = []
    this.at = 0
    this.isPlaying = false
    this.tell({ _tag: "Flushed", played: this.played, dropped: Math.max(0, waiting) })
    this.played = 0
  }

  process(_inputs: unknown, [output]: ReadonlyArray<ReadonlyArray<Float32Array>>): boolean {
    const channel = output?.[0]
    if (channel === undefined) return true
    for (let i = 0; i < channel.length; i++) {
      const piece = this.queue[0]
      if (piece === undefined) {
        if (this.isPlaying) {
          this.isPlaying = false
          this.tell({ _tag: "Silent", played: this.played })
          this.played = 0
        }
        break
      }
      if (!this.isPlaying) {
        this.isPlaying = true
        this.tell({ _tag: "Playing" })
      }
      channel[i] = piece[this.at++] ?? 0
      this.played++
      if (this.at < piece.length) continue
      this.queue.shift()
      this.at = 0
    }
    return true
  }
}

registerProcessor("playback", Playback)
