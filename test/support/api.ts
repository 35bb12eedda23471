import type { HistoryEvent, Process, Task } from '../../packages/protocol/dist/index.js'

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** One HTTP call; a body that is a string goes as it is, anything else as JSON. */
export async function call(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  contentType = 'application/json',
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: body === undefined ? headers : { ...headers, 'Content-Type': contentType },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

/** The body of an answer that must be good. */
export async function ask<T>(...request: Parameters<typeof call>): Promise<T> {
  const { status, body } = await call(...request)
  if (status >= 300)
    throw new Error(`Expected ${request[1]} ${request[2]} to succeed, but: ${JSON.stringify(body)}`)
  return body as T
}

export const getProcess = (url: string, id: string): Promise<Process> => ask(url, 'GET', `/processes/${id}`)

export async function wholeHistory(url: string, id: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = []
  let after: number | undefined = 0
  while (after !== undefined) {
    const page: { items: HistoryEvent[]; nextAfter?: number } = await ask(
      url,
      'GET',
      `/processes/${id}/history?limit=1000&after=${after}`,
    )
    events.push(...page.items)
    after = page.nextAfter
  }
  return events
}

export async function allTasks(url: string, id: string): Promise<Task[]> {
  const tasks: Task[] = []
  let query: string | undefined = '?limit=1000'
  while (query !== undefined) {
    const page: { items: Task[]; nextCursor?: string } = await ask(
      url,
      'GET',
      `/processes/${id}/tasks${query}`,
    )
    tasks.push(...page.items)
    query =
      page.nextCursor === undefined ? undefined : `?limit=1000&cursor=${encodeURIComponent(page.nextCursor)}`
  }
  return tasks
}
