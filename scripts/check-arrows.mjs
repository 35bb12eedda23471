// Keeps the arrows of ARCHITECTURE.md: who may import whom, between packages and inside core, no circles, a pure
// core, and one place that reads the environment. Prints each breach as `file:line expected …, but …`.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { knotsOf, shortestCircle } from './find-circles.mjs'
import { filesResolvedIn, importsOf, readCode } from './read-code.mjs'

/** Package directory → the packages it may import. */
const packageArrows = {
  protocol: [],
  core: ['protocol'],
  postgres: ['core', 'protocol'],
  express: ['postgres', 'core', 'protocol'],
  client: ['protocol'],
  dashboard: ['client', 'protocol'],
  server: ['client', 'express', 'postgres', 'core', 'protocol'],
}

/**
 * Package directory → the packages whose files it may serve, found by `resolve('@tunacorn/…')`. They are bytes to it:
 * nothing of them is imported.
 */
const servedArrows = { express: ['dashboard'] }

/** Built into one whole for browsers: what src imports is part of what is built, and nobody else's dependency. */
const bundledPackages = ['dashboard']

/** Folder of core/src → the folders it may import. Files beside them hold what all may use. */
const coreArrows = {
  definition: [],
  process: ['definition'],
  standalone: ['process', 'definition'],
  lists: ['process', 'definition'],
  engine: ['lists', 'process', 'definition'],
  testing: ['engine', 'lists', 'standalone', 'process', 'definition'],
}

/** No I/O in these folders, but for the thread in which long definitions are parsed. */
const pureFolders = ['packages/core/src/definition/', 'packages/core/src/process/']
const threadFiles = ['parse-queue.ts', 'parse-thread.ts'].map(
  (name) => `packages/core/src/definition/${name}`,
)

/** What would make the same history mean something else tomorrow. */
const processFolder = 'packages/core/src/process/'
const impure = [
  /\bDate\s*\.\s*now\b/g,
  /\bnew\s+Date\s*(?:\(\s*\)|(?![\w\s(]))/g,
  /(?<!\bnew\s+)\bDate\s*\(\s*\)/g,
  /\bMath\s*\.\s*random\b/g,
  /\bperformance\s*\.\s*now\b/g,
  /\bcrypto\s*\.\s*\w+/g,
  /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|fetch)\s*\(/g,
  /\b(?:async|await)\b/g,
]

/** The only file that reads the environment. */
const configFile = 'packages/server/src/config.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const breaches = []
const packages = readPackages()
const byName = new Map(packages.map((one) => [one.manifest.name, one]))

for (const one of packages) {
  for (const file of one.sources) checkSource(one, file)
  for (const file of one.tests) checkTest(one, file)
  checkDependencies(one)
  checkCircles(one)
}

for (const { file, line, message } of breaches.toSorted(byPlace)) console.error(`${file}:${line} ${message}`)
if (breaches.length > 0) {
  console.error(`${breaches.length} ${breaches.length === 1 ? 'breach' : 'breaches'} of the arrows.`)
  process.exitCode = 1
}

function readPackages() {
  return readdirSync(join(root, 'packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, 'packages', entry.name, 'package.json')))
    .map(({ name: directory }) => {
      const path = join(root, 'packages', directory)
      const manifestText = readFileSync(join(path, 'package.json'), 'utf8')
      return {
        directory,
        path,
        manifestText,
        manifest: JSON.parse(manifestText),
        sources: ['src', 'bin'].flatMap((folder) => readFolder(join(path, folder))),
        tests: readFolder(join(path, 'test')),
      }
    })
}

/** Every TypeScript and JavaScript file below a folder, read. */
function readFolder(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      const code = readCode(readFileSync(path, 'utf8'))
      const [imports, served] = [importsOf(code), filesResolvedIn(code)]
      return { path, name: inRepository(path), code, imports, served }
    })
}

function checkSource(one, file) {
  for (const found of file.imports) {
    if (found.specifier.startsWith('.')) checkRelative(one, file, found)
    else checkBare(one, file, found)
  }
  for (const found of file.served) checkServed(one, file, found)
  if (file.name.startsWith(processFolder)) checkPurity(file)
  if (file.name !== configFile) checkEnvironment(file)
}

function checkRelative(one, file, found) {
  const target = resolve(dirname(file.path), found.specifier)
  if (!isInside(target, one.path)) {
    return breach(file, found, `an import by the package's name, but found a way into it: ${found.specifier}`)
  }
  if (isInside(file.path, join(one.path, 'src')) && isInside(target, join(one.path, 'dist'))) {
    return breach(
      file,
      found,
      `an import from src, but found one from what is built of it: ${found.specifier}`,
    )
  }
  if (one.directory === 'core') checkCoreFolders(one, file, found, target)
}

function checkCoreFolders(one, file, found, target) {
  const [from, to] = [file.path, target].map((path) => relative(join(one.path, 'src'), path).split('/'))
  if (to.length < 2 || (from.length < 2 && from[0] === 'index.ts' && to[0] !== 'testing')) return
  if (from.length < 2) {
    return breach(
      file,
      found,
      `what lies beside core's folders to import none of them, but found ${found.specifier}`,
    )
  }
  if (from[0] === to[0]) return
  const allowed = coreArrows[from[0]]
  if (allowed === undefined) {
    return breach(
      file,
      found,
      `a place for core/src/${from[0]} among the arrows of scripts/check-arrows.mjs, but found none`,
    )
  }
  if (!allowed.includes(to[0])) {
    breach(file, found, `core/src/${from[0]} to import only ${list(allowed)}, but found ${found.specifier}`)
  }
}

function checkBare(one, file, found) {
  const { specifier } = found
  if (isBuiltin(specifier)) return checkBuiltin(file, found)
  const [packageName, subpath] = split(specifier)
  const other = byName.get(packageName)
  if (other === undefined) return
  if (other === one) return breach(file, found, `a relative import inside a package, but found ${specifier}`)
  const allowed = packageArrows[one.directory]
  if (allowed === undefined) {
    return breach(
      file,
      found,
      `a place for packages/${one.directory} among the arrows of scripts/check-arrows.mjs, but found none`,
    )
  }
  if (!allowed.includes(other.directory)) {
    return breach(
      file,
      found,
      `packages/${one.directory} to import only ${list(allowed)}, but found ${specifier}`,
    )
  }
  if (!(subpath in (other.manifest.exports ?? {}))) {
    return breach(file, found, `one of the ways in that ${packageName} exports, but found ${specifier}`)
  }
  if (subpath === './testing') breach(file, found, `only tests to import ${specifier}, but found it in src`)
}

/** A file of another package that is handed on as it is. */
function checkServed(one, file, found) {
  const [packageName, subpath] = split(found.specifier)
  const other = byName.get(packageName)
  if (other === undefined) return
  const allowed = servedArrows[one.directory] ?? []
  if (!allowed.includes(other.directory)) {
    return breach(
      file,
      found,
      `packages/${one.directory} to serve files of ${list(allowed)}, but found ${found.specifier}`,
    )
  }
  if (!(subpath in (other.manifest.exports ?? {}))) {
    breach(file, found, `one of the ways in that ${packageName} exports, but found ${found.specifier}`)
  }
}

function checkBuiltin(file, found) {
  if (!pureFolders.some((folder) => file.name.startsWith(folder))) return
  if (threadFiles.includes(file.name) && found.specifier === 'node:worker_threads') return
  breach(file, found, `no I/O and nothing of Node in a pure folder, but found ${found.specifier}`)
}

function checkPurity(file) {
  for (const pattern of impure) {
    for (const match of file.code.bare.matchAll(pattern)) {
      breach(
        file,
        match,
        `no clock, no random and no waiting in core/src/process, but found ${match[0].trim()}`,
      )
    }
  }
}

function checkEnvironment(file) {
  const { bare, text } = file.code
  const reads = [...bare.matchAll(/\bprocess\s*\??\.\s*env\b/g), ...bare.matchAll(/\bprocess\s*\??\.?\s*\[/g)]
  for (const match of reads) {
    if (match[0].endsWith('[') && !/^\s*['"`]env['"`]/.test(text.slice(match.index + match[0].length)))
      continue
    breach(file, match, `only ${configFile} to read the environment, but found process.env`)
  }
  for (const match of bare.matchAll(/\benv\b[^{}]*\}\s*(?:=\s*process\b|from\s*['"] *['"])/g)) {
    const from = /from\s*(['"][^'"]*['"])$/.exec(text.slice(match.index, match.index + match[0].length))
    if (from !== null && !/^['"](?:node:)?process['"]$/.test(from[1])) continue
    breach(file, match, `only ${configFile} to read the environment, but found env taken from process`)
  }
}

/** Tests may look inside their own package and into the test support of others, nowhere else. */
function checkTest(one, file) {
  for (const found of file.imports) {
    const { specifier } = found
    if (specifier.startsWith('.')) {
      const target = inRepository(resolve(dirname(file.path), specifier))
      if (target.startsWith(`packages/${one.directory}/`) || /^packages\/\w+\/test\//.test(target)) continue
      if (/^packages\/\w+\/(?:src|dist)\//.test(target)) {
        breach(file, found, `an import by the package's name, but found a way into it: ${specifier}`)
      }
      continue
    }
    const [packageName, subpath] = split(specifier)
    const other = byName.get(packageName)
    if (other !== undefined && !(subpath in (other.manifest.exports ?? {}))) {
      breach(file, found, `one of the ways in that ${packageName} exports, but found ${specifier}`)
    }
  }
}

/** `dependencies` says what src and bin import, or serve: no more, no less. */
function checkDependencies(one) {
  if (bundledPackages.includes(one.directory)) return checkBundled(one)
  const { dependencies = {}, peerDependencies = {} } = one.manifest
  const imported = importedBy(one)
  const served = new Set(
    one.sources.flatMap((file) => file.served).map(({ specifier }) => split(specifier)[0]),
  )
  for (const [packageName, { file, found }] of imported) {
    if (packageName in dependencies || packageName in peerDependencies) continue
    const own = `packages/${one.directory}/package.json`
    breach(file, found, `${packageName} among the dependencies of ${own}, but it is not there`)
  }
  const manifest = { name: `packages/${one.directory}/package.json`, code: readCode('') }
  for (const packageName of Object.keys({ ...dependencies, ...peerDependencies })) {
    if (imported.has(packageName) || served.has(packageName) || isTypesOf(packageName, imported)) continue
    if (packageName in dependencies && isPeerOfOurs(packageName, imported)) continue
    const line = lineOf(one.manifestText, one.manifestText.indexOf(JSON.stringify(packageName)))
    breach(manifest, { line }, `a dependency that src imports, but none imports ${packageName}`)
  }
  checkReferences(one, imported)
}

/** What is built in is asked for when it is built, and by nobody who uses it. */
function checkBundled(one) {
  const { dependencies = {}, peerDependencies = {}, devDependencies = {} } = one.manifest
  const own = `packages/${one.directory}/package.json`
  for (const [packageName, { file, found }] of importedBy(one)) {
    if (packageName in devDependencies) continue
    breach(file, found, `${packageName} among the devDependencies of ${own}, but it is not there`)
  }
  for (const packageName of Object.keys({ ...dependencies, ...peerDependencies })) {
    const line = lineOf(one.manifestText, one.manifestText.indexOf(JSON.stringify(packageName)))
    breach(
      { name: own, code: readCode('') },
      { line },
      `no dependencies of what is bundled, but found ${packageName}`,
    )
  }
}

/** The packages that src and bin import, each with the first place. */
function importedBy(one) {
  const imported = new Map()
  for (const file of one.sources) {
    for (const found of file.imports) {
      if (found.specifier.startsWith('.') || isBuiltin(found.specifier)) continue
      const [packageName] = split(found.specifier)
      if (packageName === one.manifest.name) continue
      if (!imported.has(packageName)) imported.set(packageName, { file, found })
    }
  }
  return imported
}

/** `tsc -b` builds in the right order only when the references say what is imported. */
function checkReferences(one, imported) {
  const path = join(one.path, 'tsconfig.json')
  if (!existsSync(path)) return
  const text = readFileSync(path, 'utf8')
  const referred = [...text.matchAll(/"path"\s*:\s*"\.\.\/(\w+)"/g)].map(([, directory]) => directory)
  for (const [packageName] of imported) {
    const other = byName.get(packageName)
    if (other === undefined || referred.includes(other.directory)) continue
    const file = { name: inRepository(path), code: readCode('') }
    breach(file, { line: 1 }, `a reference to ../${other.directory}, which src imports, but found none`)
  }
}

/** Published declarations may need the types of what they import. */
function isTypesOf(packageName, imported) {
  return packageName.startsWith('@types/') && imported.has(packageName.slice('@types/'.length))
}

/** What one of our packages leaves to its user to install, its user depends on without importing it. */
function isPeerOfOurs(packageName, imported) {
  return [...imported.keys()].some(
    (name) => packageName in (byName.get(name)?.manifest.peerDependencies ?? {}),
  )
}

/** Files that import one another in a circle, types included: one message for each knot of them. */
function checkCircles(one) {
  const byPath = new Map(one.sources.map((file) => [file.path, file]))
  const arrows = new Map(
    one.sources.map((file) => [
      file,
      file.imports.flatMap((found) => {
        if (!found.specifier.startsWith('.')) return []
        const target = byPath.get(sourceOf(resolve(dirname(file.path), found.specifier)))
        return target === undefined ? [] : [{ target, found }]
      }),
    ]),
  )
  for (const knot of knotsOf(arrows)) {
    const circle = shortestCircle(knot, arrows)
    const names = [...circle.map(({ target }) => target), circle[0].target].map((file) =>
      relative(one.path, file.path),
    )
    breach(circle.at(-1).target, circle[0].found, `no circle, but found ${names.join(' → ')}`)
  }
}

/** `@scope/name/sub` → [`@scope/name`, `./sub`] */
function split(specifier) {
  const parts = specifier.split('/')
  const length = specifier.startsWith('@') ? 2 : 1
  return [parts.slice(0, length).join('/'), ['.', ...parts.slice(length)].join('/')]
}

/** The TypeScript file of which an imported `.js` file is built. */
function sourceOf(path) {
  return path.replace(/\.([cm]?)js(x?)$/, '.$1ts$2')
}

function breach(file, place, message) {
  const line = place.line ?? lineOf(file.code.text, place.index)
  breaches.push({ file: file.name, line, message: `expected ${message}` })
}

function lineOf(text, index) {
  return text.slice(0, index).split('\n').length
}

function isInside(path, folder) {
  return path.startsWith(`${folder}/`)
}

function inRepository(path) {
  return relative(root, path)
}

function list(names) {
  return names.length === 0 ? 'none of ours' : names.join(', ')
}

function byPlace(a, b) {
  return a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line
}
