// Results go to standard output, and everything else to standard error: what is piped on is what was asked for.

/** A result: a line of its own for people, or one of JSON for programs. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value))
}

/** What is not the result. */
export function note(text: string): void {
  console.error(text)
}
