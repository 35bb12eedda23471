// What those who run TunaCorn get: every package that its own packages depend on, or have built in, however far away.
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const readManifest = (directory) => JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))

/** Manifests of the workspace's own packages, by directory; the root's stands at '.'. */
export function ownManifests() {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)
  return ['.', ...packages]
    .filter((directory) => existsSync(join(root, directory, 'package.json')))
    .map((directory) => ({ directory, manifest: readManifest(join(root, directory)) }))
}

/** Each once, by name and version, in that order. */
export function runtimeDependencies() {
  const found = new Map()
  const open = ownManifests()
    .filter(({ directory }) => directory !== '.')
    .map(({ directory, manifest }) => ({ from: join(root, directory), manifest }))
  for (const { from, manifest } of open) {
    const { optionalDependencies = {} } = manifest
    for (const name of [...dependenciesOf(manifest), ...Object.keys(optionalDependencies)]) {
      const directory = installed(from, name)
      if (directory === undefined) {
        if (name in optionalDependencies) continue
        throw new Error(`Expected ${name} to be installed for ${manifest.name}: run pnpm install`)
      }
      if (directory.startsWith(join(root, 'packages'))) continue
      const own = readManifest(directory)
      const key = `${own.name}@${own.version}`
      if (found.has(key)) continue
      found.set(key, own)
      open.push({ from: directory, manifest: own })
    }
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, manifest]) => manifest)
}

/** The dashboard is built into files that hold what it needs for building, but for the tool that builds them. */
function dependenciesOf({ name, dependencies = {}, devDependencies = {} }) {
  const builtIn = name === '@tunacorn/dashboard' ? devDependencies : {}
  return Object.keys({ ...dependencies, ...builtIn }).filter((each) => each !== 'vite')
}

/** Where Node would find it. */
function installed(from, name) {
  for (let at = from; ; at = dirname(at)) {
    const directory = join(at, 'node_modules', name)
    if (existsSync(join(directory, 'package.json'))) return realpathSync(directory)
    if (at === dirname(at)) return undefined
  }
}

/** As SPDX has it; older manifests have an object or a list. */
export function licenceOf({ license, licenses }) {
  const said = license ?? licenses?.map((one) => one.type ?? one).join(' OR ')
  return typeof said === 'object' ? said.type : said
}
