import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const parents = ['/usr/lib', '/usr/local/lib']

/** libfaketime, which gives a program another time than the machine has. */
export function findFakeTime(): string | undefined {
  return parents
    .flatMap((parent) => [
      parent,
      ...(existsSync(parent) ? readdirSync(parent) : []).map((name) => join(parent, name)),
    ])
    .map((directory) => join(directory, 'faketime', 'libfaketimeMT.so.1'))
    .find((file) => existsSync(file))
}

/** The environment of a program whose wall clock is off by so much, such as `+1h`. Timers run as they do. */
export function withClockOff(by: string): NodeJS.ProcessEnv {
  return { LD_PRELOAD: findFakeTime(), FAKETIME: by, FAKETIME_DONT_FAKE_MONOTONIC: '1' }
}
