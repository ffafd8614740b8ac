/** A path, or a piece of one, with its escapes decoded; one with a bad escape stays as it is. */
export const decodedPath = (path: string): string => {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
