import { isIP } from 'node:net'

/**
 * Whether a request's `Host` is a name that this server is known by. Who sets up a website can have its name lead to
 * this machine (DNS rebinding): a browser then takes the server for a part of that site. So only names that are not
 * for others to give are taken: `localhost`, and those that were configured. An address is no name. A request without
 * `Host` comes from no browser.
 *
 * @param names such as `tuna.example.com`, in lower case
 */
export function isAllowedHost(host: string | undefined, names: readonly string[]): boolean {
  if (host === undefined) return true
  const [, address, name = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host.toLowerCase()) ?? []
  if (isIP(address ?? name) !== 0) return true
  return name === 'localhost' || name.endsWith('.localhost') || names.includes(name)
}
