/** Where the page is: below where TunaCorn is mounted, whose HTTP API is its only source. */
export const apiUrl = new URL('..', document.baseURI).href.replace(/\/$/, '')

/** Whether the server lets the page offer to change anything. What is allowed is decided by the API, not here. */
export const isReadOnlyPage =
  document.querySelector<HTMLMetaElement>('meta[name="tunacorn-mode"]')?.content === 'read-only'
