// Looks at the packages as they would be published: sound for all who import them (publint), and holding what is
// built and nothing else.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const allowed = [
  /^package\.json$/,
  /^README\.md$/,
  /^LICENSE(\.md)?$/,
  /^[\w-]+\.schema\.json$/,
  /^bin\/[\w-]+\.js$/,
  /^dist\/.+\.(?:js|d\.ts)(?:\.map)?$/,
  // The web page.
  /^dist\/.+\.(?:html|css|svg|ico|png|woff2|json)$/,
  // Of what is built into the dashboard.
  /^dist\/licences\.md$/,
]
const unwanted = /\.test\.|(?:^|\/)\.|(?:^|\/)(?:test|tests|support|fixtures)\//

const directories = readdirSync(join(root, 'packages'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => `packages/${entry.name}`)

const complaints = []
for (const { directory, manifest, files } of await pack(directories)) {
  if (manifest.private === true) continue
  checkContents(directory, files)
  checkManifest(directory, manifest)
  await checkWithPublint(directory, files)
}

for (const complaint of complaints) console.error(complaint)
if (complaints.length > 0) process.exitCode = 1

/** What `npm publish` would send, for every package. */
async function pack(from) {
  const { stdout } = await promisify(execFile)(
    process.platform === 'win32' ? 'npm.cmd' : 'npm',
    ['pack', '--dry-run', '--json', '--ignore-scripts', ...from.map((directory) => `./${directory}`)],
    { cwd: root, maxBuffer: 64 * 1024 * 1024, shell: process.platform === 'win32' },
  )
  const packed = JSON.parse(stdout)
  // npm 12 gives an object by name where npm 11 and older give an array.
  const byName = new Map(
    Object.values(packed).map(({ name, files }) => [name, files.map(({ path }) => path)]),
  )
  return from.map((directory) => {
    const manifest = JSON.parse(readFileSync(join(root, directory, 'package.json'), 'utf8'))
    return { directory, manifest, files: byName.get(manifest.name) ?? [] }
  })
}

function checkContents(directory, files) {
  if (!files.some((file) => file.startsWith('dist/'))) {
    complaints.push(`${directory}: expected dist to be published, but found nothing of it`)
  }
  for (const wanted of ['README.md', 'LICENSE']) {
    if (!files.includes(wanted)) complaints.push(`${directory}: expected ${wanted} to be published`)
  }
  for (const file of files) {
    if (allowed.some((pattern) => pattern.test(file)) && !unwanted.test(file)) continue
    complaints.push(`${directory}: expected only what is built to be published, but found ${file}`)
  }
  // Vite makes its folder anew each time, and names files after what is in them.
  if (existsSync(join(root, directory, 'vite.config.ts'))) return
  for (const file of files) {
    const [, name] = /^dist\/(.+)\.js$/.exec(file) ?? []
    const sources = ['.ts', '.tsx'].map((ending) => join(root, directory, 'src', `${name}${ending}`))
    if (name === undefined || !existsSync(join(root, directory, 'tsconfig.json')) || sources.some(existsSync))
      continue
    complaints.push(
      `${directory}: expected a source for ${file}, but it is left from one that is gone: delete it`,
    )
  }
}

/** What publint does not ask for. */
function checkManifest(directory, { license, engines, files, description, bin = {} }) {
  const expected = { license, engines: engines?.node, files, description }
  for (const [field, value] of Object.entries(expected)) {
    if (value === undefined)
      complaints.push(`${directory}: expected ${field} in package.json, but found none`)
  }
  for (const path of Object.values(bin)) {
    const file = join(root, directory, path)
    if (!existsSync(file)) complaints.push(`${directory}: expected ${path}, but it is not there`)
    else if (!readFileSync(file, 'utf8').startsWith('#!/usr/bin/env node\n')) {
      complaints.push(`${directory}: expected ${path} to begin with #!/usr/bin/env node, but it does not`)
    }
  }
}

async function checkWithPublint(directory, files) {
  const { messages, pkg } = await publint({
    pkgDir: directory,
    pack: {
      files: files.map((file) => ({
        name: `${directory}/${file}`,
        data: readFileSync(join(root, directory, file)),
      })),
    },
  })
  for (const message of messages) {
    // Where it is hosted is said when it is published for the first time.
    if (message.type === 'suggestion' && message.path[0] === 'repository') continue
    complaints.push(`${directory}: ${formatMessage(message, pkg, { color: false })}`)
  }
}
