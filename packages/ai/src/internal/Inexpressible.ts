/** Thrown for a schema that a dialect cannot express. */
export class Inexpressible extends Error {
  readonly path: string
  constructor(path: string, why: string) {
    super(`${path === "" ? "the schema" : path}: ${why}`)
    this.name = "Inexpressible"
    this.path = path
  }
}
