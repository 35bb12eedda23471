import { chmod, mkdir, open } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { errorCode } from './thrown.js'

/**
 * Where the embedded database lives: PostgreSQL's own files one level down, so that the lock beside them
 * and the permissions are ours, and a database being created is never taken for a finished one.
 */
export interface DataDirectory {
  readonly path: string
  readonly database: string
  readonly unfinished: string
}

export async function prepareDataDirectory(given: string): Promise<DataDirectory> {
  const directory = placesIn(given)
  const { path, database } = directory
  // Parents are made as usual; only the directory itself, when it's ours to make, is private.
  await mkdir(dirname(path), { recursive: true })
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error
  })
  await makePrivate(database)
  return directory
}

function placesIn(given: string): DataDirectory {
  const path = resolve(given)
  return { path, database: join(path, 'postgres'), unfinished: join(path, 'postgres.unfinished') }
}

/** It is made so; what has been restored or moved may not be. PostgreSQL itself would refuse to start on it. */
async function makePrivate(database: string): Promise<void> {
  await chmod(database, 0o700).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error
  })
}

/** Whether there is a database in it. Makes nothing, and needs no lock. */
export async function hasDatabase(dataDirectory: string): Promise<boolean> {
  return (await databaseState(placesIn(dataDirectory))) !== 'absent'
}

export type DatabaseState = 'absent' | 'clean' | 'unclean'

/** `DBState` in PostgreSQL's src/include/catalog/pg_control.h: an orderly stop leaves DB_SHUTDOWNED. */
const shutDown = 1
const stateOffset = 16

/** How the database was left, read from the state in its control file. */
export async function databaseState({ database }: DataDirectory): Promise<DatabaseState> {
  const file = await open(join(database, 'global', 'pg_control')).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error
  })
  if (!file) return 'absent'
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, stateOffset)
    return buffer.readUInt32LE() === shutDown ? 'clean' : 'unclean'
  } finally {
    await file.close()
  }
}
