/**
 * The files of the page. In the workspace they are bundled when they are asked for; in the package, and in the bundled
 * command, the build has written a module in place of this one that holds them.
 */

export interface PageFiles {
  readonly html: string
  /** SVG. */
  readonly icon: string
  /** Of the script and of the style: gzip, in base64. */
  readonly js: string
  readonly css: string
}

/** Fails where neither the build nor the workspace's tools are there. */
export const load = async (): Promise<PageFiles> => {
  const bundler = new URL("../../../page/bundle.ts", import.meta.url)
  try {
    const { bundlePage }: { readonly bundlePage: () => Promise<PageFiles> } = await import(bundler.href)
    return await bundlePage()
  } catch (error) {
    throw new Error("it is not built: \"pnpm build\" in the workspace makes it", { cause: error })
  }
}
