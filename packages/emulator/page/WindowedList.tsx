/** A list of lines of one height, of which only those are drawn that can be seen. It is used by keyboard as a grid is. */
import { Component } from "preact"
import { useLayoutEffect, useRef, useState } from "preact/hooks"

export interface Props {
  readonly label: string
  readonly columns: ReadonlyArray<string>
  readonly count: number
  /** The cells of a line. */
  readonly cells: (index: number) => ReadonlyArray<string | number>
  readonly keyOf: (index: number) => number
  readonly kindOf?: (index: number) => string
  readonly chosen: number | undefined
  readonly choose: (index: number) => void
  /** Whether the last line stays in sight. */
  readonly follows: boolean
  readonly stopFollowing: () => void
}

const height = 28
/** Lines that are drawn above and below what is seen, so that a quick scroll finds them there. */
const beyond = 3

/**
 * The cells of a line. They are made once; from then on only the texts that differ are written, since to compare the cells
 * as elements would be about a tenth of the script of a frame that scrolls.
 */
class Cells
  extends Component<{ readonly columns: ReadonlyArray<string>; readonly texts: ReadonlyArray<string | number> }>
{
  private readonly written: Array<Text> = []

  override shouldComponentUpdate({ texts }: Cells["props"]): boolean {
    this.written.forEach((node, i) => {
      const text = texts[i] ?? ""
      if (text !== this.props.texts[i]) node.data = String(text)
    })
    return false
  }

  override render({ columns, texts }: Cells["props"]) {
    return columns.map((name, i) => (
      <span
        key={name}
        role="gridcell"
        class={`c${i}`}
        ref={(cell) => {
          if (cell?.firstChild instanceof Text) this.written[i] = cell.firstChild
        }}
      >
        {texts[i] ?? ""}
      </span>
    ))
  }
}

export const WindowedList = (props: Props) => {
  const { cells, choose, chosen, columns, count, follows, keyOf, kindOf, label, stopFollowing } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [place, setPlace] = useState({ top: 0, room: 800 })
  const ownScroll = useRef(-1)

  const look = () => {
    const at = scroller.current
    if (at === null) return
    const top = Math.floor(at.scrollTop / height) * height
    setPlace((old) => old.top === top && old.room === at.clientHeight ? old : { top, room: at.clientHeight })
  }
  useLayoutEffect(() => {
    const at = scroller.current
    if (at === null) return undefined
    look()
    const observer = new ResizeObserver(look)
    observer.observe(at)
    return () => observer.disconnect()
  }, [])
  useLayoutEffect(() => {
    const at = scroller.current
    if (!follows || at === null) return
    at.scrollTop = at.scrollHeight
    ownScroll.current = at.scrollTop
    look()
  }, [follows, count])

  const move = (to: number) => {
    const at = scroller.current
    if (count === 0 || at === null) return
    const index = Math.max(0, Math.min(count - 1, to))
    choose(index)
    const head = height
    if (index * height < at.scrollTop) at.scrollTop = index * height
    else if ((index + 1) * height + head > at.scrollTop + at.clientHeight) {
      at.scrollTop = (index + 1) * height + head - at.clientHeight
    }
  }
  const page = Math.max(1, Math.floor(place.room / height) - 2)
  const steps = new Map([
    ["ArrowDown", (chosen ?? -1) + 1],
    ["ArrowUp", (chosen ?? count) - 1],
    ["PageDown", (chosen ?? -1) + page],
    ["PageUp", (chosen ?? count) - page],
    ["Home", 0],
    ["End", count - 1]
  ])
  const from = Math.max(0, Math.floor(place.top / height) - beyond)
  // As many lines whatever the place, so that each that scrolls out of sight lends its elements to one that comes in: its
  // texts change, and nothing is made anew.
  const pool = Math.ceil(place.room / height) + 2 * beyond + 1
  const to = Math.min(count, from + pool)
  const lines = []
  for (let index = from; index < to; index++) {
    lines.push(
      <div
        key={index % pool}
        id={`line-${keyOf(index)}`}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={index === chosen}
        class={`line ${kindOf?.(index) ?? ""}`}
        style={{ transform: `translateY(${index * height}px)` }}
        onClick={() => choose(index)}
      >
        <Cells columns={columns} texts={cells(index)} />
      </div>
    )
  }
  return (
    <div
      class="windowed"
      role="grid"
      tabIndex={0}
      ref={scroller}
      aria-label={label}
      aria-rowcount={count + 1}
      aria-colcount={columns.length}
      aria-activedescendant={chosen === undefined || chosen < from || chosen >= to
        ? undefined
        : `line-${keyOf(chosen)}`}
      onScroll={() => {
        look()
        const at = scroller.current
        if (at !== null && at.scrollTop < ownScroll.current - 2 && follows) stopFollowing()
      }}
      onKeyDown={(event) => {
        const step = steps.get(event.key)
        if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return
        event.preventDefault()
        if (follows) stopFollowing()
        move(step)
      }}
    >
      <div role="row" aria-rowindex={1} class="line head">
        {columns.map((name, i) => <span role="columnheader" class={`c${i}`} key={name}>{name}</span>)}
      </div>
      <div role="rowgroup" class="lines" style={{ height: `${count * height}px` }}>{lines}</div>
    </div>
  )
}
