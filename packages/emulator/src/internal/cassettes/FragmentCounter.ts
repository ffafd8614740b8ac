/**
 * Counts in how many fragments each message of a WebSocket server came, which `ws` does not tell: it reads the heads of
 * the frames (RFC 6455, 5.2) beside `ws`, and none of what they hold.
 */

export class FragmentCounter {
  /** The messages that are whole and were not asked for yet. */
  private readonly counts: Array<number> = []
  private current = 0
  /** The beginning of a head that was cut. */
  private head: Buffer = Buffer.alloc(0)
  /** How many bytes of the frame are still to come. */
  private skip = 0

  /** Reads the next bytes of the connection. */
  read(bytes: Buffer): void {
    let rest = bytes
    while (rest.length > 0) {
      if (this.skip > 0) {
        const taken = Math.min(this.skip, rest.length)
        this.skip -= taken
        rest = rest.subarray(taken)
        continue
      }
      const text = this.head.length === 0 ? rest : Buffer.concat([this.head, rest])
      const size = headSize(text)
      if (size === undefined || text.length < size) {
        this.head = Buffer.from(text)
        return
      }
      rest = text.subarray(size)
      this.head = Buffer.alloc(0)
      this.frame(text)
    }
  }

  private frame(head: Buffer): void {
    const [first = 0, second = 0] = head
    const length = second & 0x7f
    this.skip = (length === 126 ? head.readUInt16BE(2) : length === 127 ? Number(head.readBigUInt64BE(2)) : length) +
      ((second & 0x80) === 0 ? 0 : 4)
    // A frame of control stands between the fragments of a message and is none of them.
    if ((first & 0x08) !== 0) return
    this.current++
    if ((first & 0x80) === 0) return
    this.counts.push(this.current)
    this.current = 0
  }

  /** How many fragments the next message had; each message is told once, in its order. */
  next(): number {
    return this.counts.shift() ?? 1
  }
}

const headSize = (text: Buffer): number | undefined => {
  const second = text[1]
  if (second === undefined) return undefined
  const length = second & 0x7f
  return length === 126 ? 4 : length === 127 ? 10 : 2
}
