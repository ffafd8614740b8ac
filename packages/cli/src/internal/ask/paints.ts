/** How words look at a terminal: the only sequences that an answer brings there. */
import type { Paint } from "../WordWrap.ts"

const sgr = (on: number, off: number): Paint => ({ before: `\x1b[${on}m`, after: `\x1b[${off}m` })

export const strong = sgr(1, 22)
export const faint = sgr(2, 22)
export const emphasis = sgr(3, 23)
export const underlined = sgr(4, 24)
export const struck = sgr(9, 29)
export const code = sgr(36, 39)
