/** What the page shows, as its address says it: `#/SPACE/calls/12`. */
import { computed, signal } from "@preact/signals"

export const views = ["calls", "held", "live", "rules", "controls"] as const
export type View = (typeof views)[number]

const hash = signal(location.hash)
addEventListener("hashchange", () => {
  hash.value = location.hash
})

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const parts = computed(() => hash.value.replace(/^#\/?/, "").split("/").map(decoded))

export const space = computed(() => parts.value[0] || "default")

export const view = computed((): View => views.find((each) => each === parts.value[1]) ?? "calls")

/** The number of the call or the connection that is looked at. */
export const chosen = computed((): number | undefined => {
  const text = parts.value[2] ?? ""
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
})

export const link = (to: { readonly space?: string; readonly view?: View; readonly id?: number | undefined }): string =>
  `#/${encodeURIComponent(to.space ?? space.value)}/${to.view ?? view.value}${to.id === undefined ? "" : `/${to.id}`}`

export const go = (to: Parameters<typeof link>[0]): void => {
  location.hash = link(to)
}
