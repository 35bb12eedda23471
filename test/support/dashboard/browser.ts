import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

const usualPlaces = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** A browser of the machine's, unless CHROMIUM names another; none is downloaded. */
export function findChromium(): string | undefined {
  return [process.env['CHROMIUM'], ...usualPlaces].find((path) => path !== undefined && existsSync(path))
}

const how = 'install Chromium (Debian’s package "chromium"), or name it in CHROMIUM'

/** Whether to test in a browser. Where there must be one and is none, that is an error; elsewhere it is said aloud. */
export function hasBrowser(): boolean {
  if (findChromium() !== undefined) return true
  if (process.env['TUNACORN_REQUIRE_CHROMIUM'] === '1') {
    throw new Error(`TUNACORN_REQUIRE_CHROMIUM is set, but there is no browser to test with: ${how}`)
  }
  process.stderr.write(
    `\n!!! SKIPPED: all tests in a browser, because there is none. To run them, ${how}.\n\n`,
  )
  return false
}

export function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error(`Expected a browser, but found none: ${how}.`)
  // As root, and in containers, Chromium cannot make a sandbox of its own.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}
