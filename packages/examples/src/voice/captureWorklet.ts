/** On the audio thread: what the microphone hears, in pieces of 40 ms, at the rate of the AudioContext. */
import "./audioThread.ts"

class Capture extends AudioWorkletProcessor {
  private piece = new Float32Array(Math.round(sampleRate * 0.04))
  private length = 0

  /** Called for every 128 samples. It returns true, so that the browser keeps it. */
  process([input]: ReadonlyArray<ReadonlyArray<Float32Array>>): boolean {
    for (const sample of input?.[0] ?? []) {
      this.piece[this.length++] = sample
      if (this.length < this.piece.length) continue
      const { buffer } = this.piece
      this.port.postMessage(this.piece, [buffer])
      this.piece = new Float32Array(Math.round(sampleRate * 0.04))
      this.length = 0
    }
    return true
  }
}

registerProcessor("capture", Capture)
