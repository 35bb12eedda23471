/** What is shown. It lives in the fragment of the address, so that the page works wherever it is mounted. */
export interface Route {
  /** `processes/0193…` → `['processes', '0193…']` */
  readonly path: readonly string[]
  readonly query: Readonly<Record<string, string>>
}

/** Reads `#/processes?state=failed`. What cannot be decoded is taken as it is. */
export function parseRoute(fragment: string): Route {
  const [path, query] = splitOnce(fragment.replace(/^#?\/?/, ''), '?')
  return {
    path: path
      .split('/')
      .filter((step) => step !== '')
      .map(decoded),
    query: Object.fromEntries(new URLSearchParams(query)),
  }
}

/** The reference of a link to a route; what is empty is left out of the query. */
export function hrefOf(
  path: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]))
  const search = new URLSearchParams(given).toString()
  return `#/${path.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`
}

function splitOnce(text: string, by: string): [string, string] {
  const at = text.indexOf(by)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}
