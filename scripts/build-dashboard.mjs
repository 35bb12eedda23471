// Builds the web page, of packages/dashboard, with what tsc has built before; not when nothing of it has changed.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dashboard = join(root, 'packages/dashboard')
const built = join(dashboard, 'dist/index.html')

const sources = [
  ...['src', 'public', '../client/dist', '../protocol/dist'].flatMap(filesBelow),
  ...['index.html', 'vite.config.ts', 'package.json', '../../pnpm-lock.yaml'].map((name) =>
    join(dashboard, name),
  ),
]
const isBuilt =
  existsSync(built) && sources.every((path) => statSync(path).mtimeMs <= statSync(built).mtimeMs)
if (!isBuilt) await build()

async function build() {
  // It is a package's of its own: what the workspace has of it is for tests.
  const vite = createRequire(join(dashboard, 'package.json')).resolve('vite')
  const { build: buildWithVite } = await import(pathToFileURL(vite).href)
  await buildWithVite({ root: dashboard, configFile: join(dashboard, 'vite.config.ts'), logLevel: 'warn' })
}

function filesBelow(folder) {
  return readdirSync(join(dashboard, folder), { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && /\.(?:js|tsx?|css|svg)$/.test(entry.name) && !entry.name.endsWith('.d.ts'),
    )
    .map((entry) => join(entry.parentPath, entry.name))
}
