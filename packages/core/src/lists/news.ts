/**
 * How replicas tell one another that there is something new on the board, so that who waits at one gets at once what comes
 * through another. It may get lost, or not be there at all: the board is looked at every so often in any case.
 */
export interface News {
  /** Lets the others know, soon and all at once where much is new. Never fails. */
  tell(): void
  /** Not to what is told here. @returns what ends it */
  listen(onNews: () => void): () => void
}
