/** Thirty secrets, none of which belongs to anybody, each written so that no search of this repository finds it whole. */

const letters = (count: number, seed: number): string => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
  let state = seed
  return Array.from({ length: count }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return alphabet[Math.floor(state / 65_536) % alphabet.length]
  }).join("")
}
const upper = (count: number, seed: number) => letters(count, seed).toUpperCase()

export interface Planted {
  readonly name: string
  /** As it stands in a text. */
  readonly text: string
  /** What of it may be found nowhere: the text itself, or the part that is the secret. */
  readonly secret: string
}

const plain = (name: string, text: string): Planted => ({ name, text, secret: text })

export const value = `correct-horse-${letters(8, 99)}`

export const planted: ReadonlyArray<Planted> = [
  plain("a key", `AIza${letters(35, 1)}`),
  plain("another key", `AIza${letters(17, 2)}_-${letters(16, 3)}`),
  plain("a key of the new form", `AQ.${letters(40, 4)}`),
  plain("a short one", `AQ.${letters(22, 5)}`),
  plain("an access token", `ya29.${letters(80, 6)}`),
  plain("an access token with dots", `ya29.a0${letters(30, 7)}.${letters(30, 8)}`),
  plain("a refresh token", `1//0${letters(40, 9)}`),
  plain("an ephemeral token", `auth_tokens/${letters(40, 10)}`),
  plain("a web token", `eyJ${letters(20, 11)}.eyJ${letters(40, 12)}.${letters(43, 13)}`),
  plain("a small web token", `eyJ${letters(8, 14)}.${letters(12, 15)}.${letters(10, 16)}`),
  { name: "a bearer", text: `Bearer ${letters(32, 17)}`, secret: letters(32, 17) },
  { name: "a bearer in base64", text: `bearer ${letters(30, 18)}==`, secret: letters(30, 18) },
  plain("a key of another vendor", `sk-${letters(48, 19)}`),
  plain("a project's key", `sk-proj-${letters(40, 20)}`),
  plain("a token of GitHub", `ghp_${letters(36, 21)}`),
  plain("a token of its apps", `ghs_${letters(36, 22)}`),
  plain("a fine-grained token", `github_pat_${letters(22, 23)}_${letters(40, 24)}`),
  plain("a token of Slack", `xoxb-${letters(12, 25)}-${letters(24, 26)}`),
  plain("a key of AWS", `AKIA${upper(16, 27)}`),
  plain("a temporary one", `ASIA${upper(16, 28)}`),
  plain("a token of Hugging Face", `hf_${letters(34, 29)}`),
  plain("an address", `ada.${letters(6, 30)}@example.org`),
  plain("an address with a tag", `ada+${letters(5, 31)}@mail.example.co.uk`),
  plain("a card", "4111111111111111"),
  plain("a card with spaces", "5500 0055 5555 5559"),
  plain("a card with hyphens", "3714-496353-98431"),
  { name: "a home folder", text: "/home/adalovelace/notes.txt", secret: "adalovelace" },
  { name: "a home folder of a Mac", text: "/Users/grace.hopper/notes.txt", secret: "grace.hopper" },
  plain("a named value", value),
  plain(
    "a private key",
    `-----BEGIN PRIVATE KEY-----\n${letters(64, 32)}\n${letters(30, 33)}\n-----END PRIVATE KEY-----`
  )
]
