import { setTimeout as sleep } from 'node:timers/promises'
import type { TunaCornClient } from '@tunacorn/client'
import type { Process, Task } from '@tunacorn/protocol'
import { printJson } from '../output.js'
import { tableLines } from '../table.js'
import { printable, shortJson, shortTime } from '../wording.js'
import { exitCodeOfOutcome, progressText, whyEnded } from './outcome.js'

/** How many tasks are shown of one process. */
const mostTasks = 1_000

const lookEveryMs = 500

export interface ProcessPicture {
  readonly process: Process
  readonly text: string
}

export async function readProcess(client: TunaCornClient, id: string): Promise<ProcessPicture> {
  const [process, tasks, explanation] = await Promise.all([
    client.getProcess(id),
    client.listProcessTasks(id, { limit: mostTasks }),
    client.explainProcess(id),
  ])
  const reasons = new Map(explanation.tasks.map(({ task, because }) => [task, because]))
  const text = [
    ...headLines(process),
    '',
    ...tableLines(
      ['TASK', 'STATE', 'ATTEMPT', ''],
      tasks.items.map((task) => taskCells(task, reasons.get(task.id))),
    ),
    ...(tasks.nextCursor === undefined ? [] : [`… "tunacorn tasks ${id} --all" lists all of them.`]),
  ].join('\n')
  return { process, text }
}

/** Shows it whenever it has changed, until it has ended; the exit code is set by how. */
export async function watchProcess(client: TunaCornClient, id: string, asJson: boolean): Promise<void> {
  const { stdout } = process
  let shown = ''
  for (;;) {
    const picture = await readProcess(client, id)
    const text = asJson ? JSON.stringify(picture.process) : picture.text
    if (text !== shown) {
      if (asJson) printJson(picture.process)
      else stdout.write(stdout.isTTY ? `${upOver(shown, stdout.columns)}${text}\n` : `${text}\n\n`)
      shown = text
    }
    if (picture.process.endedAt !== undefined) {
      process.exitCode = exitCodeOfOutcome(picture.process)
      return
    }
    await sleep(lookEveryMs)
  }
}

/** Moves a terminal to where the text before began, and clears it from there. */
function upOver(text: string, columns: number): string {
  if (text === '') return ''
  const lines = text.split('\n').map(({ length }) => Math.max(1, Math.ceil(length / columns)))
  return `\u001b[${lines.reduce((sum, count) => sum + count, 0)}A\u001b[J`
}

function headLines(process: Process): string[] {
  const { id, definition, definitionVersion, state, progress, key, input, startedAt, endedAt, deadline } =
    process
  const because = whyEnded(process)
  const facts: [string, string | undefined][] = [
    ['process', id],
    ['definition', `${printable(definition)}, version ${definitionVersion}`],
    ['state', because === '' ? state : `${state}: ${because}`],
    ['progress', progressText(progress)],
    ['key', key && printable(key)],
    ['input', input === undefined ? undefined : shortJson(input, 200)],
    ['started', shortTime(startedAt)],
    endedAt === undefined ? ['deadline', shortTime(deadline)] : ['ended', shortTime(endedAt)],
    ['cleans up after', process.failureOf],
    ['is cleaned up after by', process.failureProcess],
  ]
  return facts
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name.padEnd(10)}  ${value}`)
}

function taskCells(task: Task, because: string | undefined): string[] {
  const result = task.error === undefined ? task.output : task.error
  const attempts = task.attempt === undefined || task.attempt === 0 ? '' : String(task.attempt)
  return [
    printable(task.name),
    task.state,
    attempts,
    because === undefined ? shortJson(result) : printable(because),
  ]
}
