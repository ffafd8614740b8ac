/** The version of this package, as runs record it. A test keeps it equal to package.json. */
export const version = "0.0.0"
