import type { DatabaseChoice } from '../open-database.js'
import { describeDatabase } from '../open-database.js'
import { countOf, shortJson } from '../wording.js'
import type { RegisteredFolder } from './definitions-folder.js'
import type { Paint } from '../terminal.js'

export interface TaskEnding {
  readonly type: 'task-completed' | 'task-failed'
  readonly name: string
  readonly tookMs: number
  readonly result: unknown
}

export interface ProcessEnding {
  readonly state: string
  readonly tasks: number
  readonly tookMs: number
  /** Of all its tasks together. */
  readonly workMs: number
}

export type Teller = Pick<DevOutput, 'taskStarted' | 'taskEnded' | 'processEnded'>

/** All that `tunacorn dev` says, in the order in which it says it. */
export class DevOutput {
  readonly #print: (line: string) => void
  readonly #paint: Paint

  constructor(print: (line: string) => void, paint: Paint) {
    this.#print = print
    this.#paint = paint
  }

  greeting(version: string): void {
    this.#print(`${this.#paint.bold('TunaCorn')} ${version}\n`)
  }

  progress(message: string): void {
    this.#print(this.#paint.dim(`  ${message}`))
  }

  listening(url: string, database: DatabaseChoice, processCount: string): void {
    this.#print(`\n  Listening    ${this.#paint.bold(url)}`)
    this.#print(`  Database     ${describeDatabase(database)}, ${processCount} from before`)
  }

  definitions(registered: RegisteredFolder | undefined): void {
    const { folder, definitions, complaints } = registered ?? { definitions: [], complaints: [] }
    const names = definitions.map(({ name, taskCount }) => `${name} (${countOf(taskCount, 'task')})`)
    const found = names.length === 0 ? 'none' : names.join(', ')
    const where = folder === undefined ? ', since there is no ./examples here' : ` from ${folder}`
    this.#print(`  Definitions  ${found}${where}`)
    if (complaints.length === 0) return
    this.#print(`\n${this.#paint.red('Not registered, because there is something wrong:')}\n`)
    for (const complaint of complaints) this.#print(`  ${complaint}`)
  }

  noDemo(definition: string): void {
    this.#print(
      `\nThere is no definition ${JSON.stringify(definition)}, so nothing is started. --definitions <folder> registers those of another folder.`,
    )
  }

  needsKeys(): void {
    this.#print('\nRequests need an access key here, and the sample worker has none, so nothing is started.')
  }

  demo(): void {
    this.#print('\nHere is a loan application, and a sample worker that does its tasks over HTTP:\n')
  }

  taskStarted(name: string): void {
    this.#print(`  ${this.#paint.dim(`→ ${name}`)}`)
  }

  taskEnded({ type, name, tookMs, result }: TaskEnding): void {
    const mark = type === 'task-completed' ? this.#paint.green('✓') : this.#paint.red('✗')
    this.#print(`  ${mark} ${name}  ${`${tookMs} ms`.padStart(7)}  ${shortJson(result)}`)
  }

  processEnded({ state, tasks, tookMs, workMs }: ProcessEnding): void {
    const work = `${countOf(tasks, 'task')}, ${seconds(workMs)} of work in ${seconds(tookMs)}`
    this.#print(`\n  The loan application is ${this.#paint.bold(state)}: ${work}.`)
  }

  demoFailed(reason: string): void {
    this.#print(`\n  ${this.#paint.red('The demo could not be finished')}: ${reason}`)
  }

  nextSteps(steps: readonly { readonly what: string; readonly command: string }[]): void {
    this.#print('\nThe sample worker has stopped. Now it is your turn, in another terminal:')
    for (const { what, command } of steps) this.#print(`\n  ${this.#paint.dim(`# ${what}`)}\n  ${command}`)
  }

  dashboard(url: string): void {
    this.#print(`\nAll of it in a browser: ${this.#paint.bold(`${url}/dashboard/`)}`)
  }

  howToStop(database: DatabaseChoice): void {
    this.#print(`Ctrl-C stops TunaCorn. Everything is kept in ${nameOf(database)}.`)
  }

  stopping(): void {
    // After the ^C that terminals show.
    this.#print('\nStopping')
  }

  overdue(limitMs: number): void {
    this.#print(
      `Not everything could be closed within ${seconds(limitMs)}: giving up. Nothing that was answered is lost.`,
    )
  }

  stopped(): void {
    this.#print('Stopped. "tunacorn dev" goes on from here.')
  }
}

function nameOf(database: DatabaseChoice): string {
  return database.kind === 'embedded' ? database.dataDirectory : describeDatabase(database)
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
