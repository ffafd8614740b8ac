/** Text for a terminal: foreign characters that it would obey are made visible. */

const control = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/** The text without anything that a terminal obeys but line breaks and tabs. */
export const plain = (text: string): string =>
  text.replace(control, (character) => {
    if (character === "\n" || character === "\t") return character
    const code = character.charCodeAt(0)
    if (character === "\r" || code >= 0x2000) return ""
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\ufffd"
  })

/** The same in one line of so many characters. */
export const line = (text: string, most = 300): string => {
  const one = plain(text).replace(/\s+/g, " ").trim()
  return one.length > most ? `${one.slice(0, most)}…` : one
}
