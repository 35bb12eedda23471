export { hasDatabase } from './data-directory.js'
export { DataDirectoryLockedError } from './data-directory-lock.js'
export { EmbeddedNotInstalledError } from './database-link.js'
export { openEmbedded, type EmbeddedDatabase, type EmbeddedOptions } from './open-embedded.js'
