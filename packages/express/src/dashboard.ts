import type { Request, Response, Router } from 'express'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Problems } from './problem.js'

/**
 * Whether the web page is served, below `/dashboard/`; `read-only`: it offers to change nothing. What a request may do
 * is decided where every request is, not here.
 */
export type DashboardOption = boolean | 'read-only'

interface PageFile {
  readonly type: string
  readonly cacheControl: string
  readonly plain: Buffer
  readonly zipped: Buffer
}

/** By path below `/dashboard/`. */
type PageFiles = ReadonlyMap<string, PageFile>

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Nothing from elsewhere, nothing written into the page, and in no other page. */
const safety: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
}

/** Serves the web page. It holds no data: it asks the API for that, as any other client does. */
export function mountDashboard(router: Router, option: DashboardOption, problems: Problems): void {
  if (option === false) return
  let files: PageFiles | undefined
  router.get('/dashboard', (_request: Request, response: Response) => {
    response.statusCode = 308
    // Relative, so that it is right wherever proxies and hosts have mounted it.
    response.setHeader('Location', 'dashboard/')
    response.end()
  })
  router.get(/^\/dashboard\/(.*)$/, (request: Request, response: Response, next: () => void) => {
    try {
      files ??= readPage(option)
    } catch (error) {
      problems.send(response, error)
      return
    }
    const file = files.get(request.path.slice('/dashboard/'.length) || 'index.html')
    if (file === undefined) next()
    else sendFile(request, response, file)
  })
}

/** All of the page, once: it is small. */
function readPage(option: DashboardOption): PageFiles {
  const folder = dirname(createRequire(import.meta.url).resolve('@tunacorn/dashboard/index.html'))
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => extname(name) in mediaTypes,
  )
  return new Map(
    names.map((name) => {
      const path = name.replaceAll('\\', '/')
      const content = readFileSync(join(folder, name))
      return [path, pageFile(path, path === 'index.html' ? inMode(content, option) : content)]
    }),
  )
}

function pageFile(path: string, plain: Buffer): PageFile {
  return {
    type: mediaTypes[extname(path)] ?? 'application/octet-stream',
    // Their names change with what is in them; the name of the page does not.
    cacheControl: path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    plain,
    zipped: gzipSync(plain, { level: 9 }),
  }
}

function inMode(page: Buffer, option: DashboardOption): Buffer {
  if (option !== 'read-only') return page
  return Buffer.from(
    page
      .toString()
      .replace('name="tunacorn-mode" content="full"', 'name="tunacorn-mode" content="read-only"'),
  )
}

function sendFile(request: Request, response: Response, file: PageFile): void {
  const isZipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  const content = isZipped ? file.zipped : file.plain
  response.statusCode = 200
  for (const [name, value] of Object.entries(safety)) response.setHeader(name, value)
  response.setHeader('Content-Type', file.type)
  response.setHeader('Cache-Control', file.cacheControl)
  response.setHeader('Vary', 'Accept-Encoding')
  if (isZipped) response.setHeader('Content-Encoding', 'gzip')
  response.setHeader('Content-Length', content.length)
  response.end(request.method === 'HEAD' ? undefined : content)
}
