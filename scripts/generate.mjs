// openapi.yaml is the one truth of the wire. From it are made, at every build and not kept in git:
//   packages/protocol/src/generated/openapi.ts   the types
//   packages/protocol/src/generated/document.ts  the document itself, for checking requests at run time
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(root, 'openapi.yaml')
const generated = join(root, 'packages/protocol/src/generated')

// Most builds come after a change elsewhere: those need not wait for the generator to load.
const sources = [source, join(root, 'pnpm-lock.yaml'), fileURLToPath(import.meta.url)]
const stamp = join(generated, '.made')
if (!existsSync(stamp) || sources.some((path) => statSync(path).mtimeMs > statSync(stamp).mtimeMs))
  await generate()

async function generate() {
  const { default: openapiTypescript, astToString } = await import('openapi-typescript')
  const { parse } = await import('yaml')
  const types = astToString(await openapiTypescript(pathToFileURL(source)))
  const document = JSON.stringify(parse(readFileSync(source, 'utf8')))

  mkdirSync(generated, { recursive: true })
  writeIfChanged('openapi.ts', types)
  writeIfChanged(
    'document.ts',
    `import type { OpenApiDocument } from '../openapi-document.js'\n\nexport const openapiDocument: OpenApiDocument = JSON.parse(${JSON.stringify(document)}) as OpenApiDocument\n`,
  )
  writeFileSync(stamp, '')
}

/** Leaves an unchanged file alone, so that `tsc -b` does not build everything again. */
function writeIfChanged(name, text) {
  const path = join(generated, name)
  try {
    if (readFileSync(path, 'utf8') === text) return
  } catch {
    // not there yet
  }
  writeFileSync(path, text)
}
