/**
 * Whether the user may be speaking, as far as the sound tells that is sent. A connection that the server will end is
 * not left in the middle of what they say: half of it would be said to a connection that is gone, and the other half to
 * one that cannot know what it belongs to. Pure.
 */

/**
 * How long the user is silent before what they said has been heard, or was none: the silence that ends speech for the
 * server, and the time until a message says that it was heard. In milliseconds.
 */
const pause = 3_000

/** The mean amplitude of 16-bit samples from which sound may be a voice: 40 dB below the loudest. */
const loud = 330

const isLoud = (pcm: Uint8Array): boolean => {
  const samples = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength)
  const count = pcm.byteLength >> 1
  let sum = 0
  for (let i = 0; i < count; i++) sum += Math.abs(samples.getInt16(2 * i, true))
  return sum >= loud * count && count > 0
}

export class Voice {
  /** When sound was sent last, and when it may have been a voice. */
  #soundAt = -Infinity
  #loudAt = -Infinity
  /** Until when it is listened to; outside of a leave nobody wants to know. */
  #until = -Infinity
  /** Whether the program says that the user speaks. */
  #isActive = false

  /** Sound is sent. What nobody can look into may be a voice. */
  sounded(now: number, pcm: Uint8Array | undefined): void {
    this.#soundAt = now
    if (now < this.#until && (pcm === undefined || isLoud(pcm))) this.#loudAt = now
  }

  /** The program says that the user begins to speak, or has ended. */
  active(isActive: boolean): void {
    this.#isActive = isActive
  }

  /** Listens from now on, for so long at most. What was sent just before was not looked at, and counts as a voice. */
  listen(now: number, millis: number): void {
    this.#until = now + millis
    this.#loudAt = now - this.#soundAt < pause ? now : -Infinity
  }

  /** How many milliseconds are left to wait for the end of what the user says; 0: they say nothing. */
  left(now: number): number {
    const until = this.#isActive ? this.#until : Math.min(this.#loudAt + pause, this.#until)
    return Math.max(0, until - now)
  }
}
