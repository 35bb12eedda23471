/** The `code` of an error of Node's, like ENOENT. */
export function errorCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : undefined
}

/** Emscripten throws objects that are no errors, but have a message and the program's exit status. */
export function messageOf(thrown: unknown): string {
  return String(isObject(thrown) && 'message' in thrown ? thrown.message : thrown)
}

export function exitStatus(thrown: unknown): unknown {
  return isObject(thrown) && 'status' in thrown ? thrown.status : undefined
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null
