/** The pieces of an answer on the time of its call. */
import { useState } from "preact/hooks"
import type { ChunkData } from "../src/admin/LogData.ts"
import * as Shown from "./Shown.ts"

/** As many are drawn as a person looks through. */
const most = 500

export const Waterfall = (
  { chunks, end, start }: {
    readonly chunks: ReadonlyArray<typeof ChunkData.Type>
    readonly start: number
    readonly end: number
  }
) => {
  const [open, setOpen] = useState<number | undefined>(undefined)
  const whole = Math.max(1, end - start)
  if (chunks.length === 0) return <p class="quiet">No byte of an answer has come.</p>
  return (
    <>
      <ol class="waterfall">
        {chunks.slice(0, most).map((chunk, i) => (
          <li key={i}>
            <button
              type="button"
              aria-expanded={open === i}
              onClick={() => setOpen(open === i ? undefined : i)}
            >
              <span class="at">+{Shown.span(chunk.time - start)}</span>
              <span class="size">{Shown.bytes(chunk.bytes)}</span>
              <span class="track" aria-hidden="true">
                <svg viewBox="0 0 1000 10" preserveAspectRatio="none">
                  <rect
                    x={Math.min(990, Math.max(0, (chunk.time - start) / whole * 990))}
                    y="0"
                    width="10"
                    height="10"
                  />
                </svg>
              </span>
            </button>
            {open === i
              ? (
                <pre
                  tabIndex={0}
                >{Shown.json(chunk.text ?? (chunk.base64 === undefined ? "" : `base64 ${chunk.base64}`))}</pre>
              )
              : null}
          </li>
        ))}
      </ol>
      {chunks.length > most ? <p class="quiet">{chunks.length - most} more pieces</p> : null}
    </>
  )
}
