import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expectCount } from '../lib/expect.mjs'

const clients = 8
const notPartOfIt = 'the floor is claim and complete, nothing else'

/** How many wait, all the time. */
const backlog = 20_000
const input = '{"order": 1, "customer": "abcdef", "amount": 99.5}'

/**
 * As little as a durable task can be in a system that goes on: a row that is claimed, then completed with its output
 * and followed by the next one, in two statements. The claim is by ctid, which here is the quickest.
 */
const schema = `
CREATE TABLE task (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  process_id bigint NOT NULL,
  name text NOT NULL,
  state smallint NOT NULL DEFAULT 0,
  input jsonb NOT NULL,
  output jsonb,
  worker text,
  created_at timestamptz NOT NULL DEFAULT now(),
  claimed_at timestamptz,
  finished_at timestamptz
);
CREATE INDEX task_waiting ON task (id) WHERE state = 0;
CREATE INDEX task_process ON task (process_id);`

const script = (batch) => `
WITH claimed AS (
  UPDATE task SET state = 1, worker = 'w', claimed_at = now()
  WHERE ctid = ANY (ARRAY (SELECT ctid FROM task WHERE state = 0 ORDER BY id LIMIT ${batch} FOR UPDATE SKIP LOCKED))
  RETURNING id
) SELECT array_agg(id)::text AS ids FROM claimed \\gset
WITH completed AS (
  UPDATE task SET state = 2, output = '{"ok": true, "n": 42}', finished_at = now()
  WHERE id = ANY (:ids::bigint[]) AND state = 1
  RETURNING process_id
) INSERT INTO task (process_id, name, input) SELECT process_id, 'step', '${input}' FROM completed;
`

/** @type {import('../lib/peers.mjs').Peer} */
export const peer = {
  id: 'pgbench',
  title: 'pgbench (floor)',
  packages: [],
  needs: ['postgres'],
  isFloor: true,
  settings: `${clients} clients, prepared statements, ${backlog.toLocaleString('en')} rows waiting; a row is claimed, then completed and followed by another one; W1 in batches of 100, W1-single one at a time`,
  cannot: Object.fromEntries(
    ['W2', 'W3', 'W3b', 'W3c', 'W3d', 'W4', 'W5', 'W5-batch', 'W6', 'W7', 'W8'].map((id) => [
      id,
      notPartOfIt,
    ]),
  ),
  async open({ databaseUrl, pgbench, directory }) {
    if (pgbench === undefined)
      throw new Error('Expected pgbench beside PostgreSQL or in PATH, but there is none. Install it.')
    const { default: pg } = await import('pg')
    const database = new pg.Client({ connectionString: databaseUrl })
    await database.connect()
    await database.query(schema)
    return new PgbenchSession({ database, databaseUrl, command: pgbench, directory })
  },
}

class PgbenchSession {
  #database
  #databaseUrl
  #command
  #directory

  constructor({ database, databaseUrl, command, directory }) {
    this.#database = database
    this.#databaseUrl = databaseUrl
    this.#command = command
    this.#directory = directory
  }

  /** Ten times as many as the others: at this rate, a tenth would be over before it is measured. */
  async flat({ tasks }) {
    return this.#drain(10 * tasks, 100)
  }

  async flatSingle({ tasks }) {
    return this.#drain(tasks, 1)
  }

  async close() {
    await this.#database.end()
  }

  async #drain(wanted, batch) {
    const transactions = Math.ceil(wanted / batch / clients)
    const tasks = transactions * batch * clients
    await this.#database.query('TRUNCATE task')
    await this.#database.query(
      `INSERT INTO task (process_id, name, input) SELECT g, 'step', '${input}' FROM generate_series(1, ${backlog}) g`,
    )
    await this.#database.query('VACUUM ANALYZE task')
    const file = join(this.#directory, `batch-${batch}.sql`)
    await writeFile(file, script(batch))
    const args = [
      '--no-vacuum',
      '--protocol=prepared',
      `--client=${clients}`,
      `--transactions=${transactions}`,
    ]
    const { stdout } = await promisify(execFile)(this.#command, [
      ...args,
      `--file=${file}`,
      this.#databaseUrl,
    ])
    const perSecond = Number(/^tps = ([\d.]+) \(without/m.exec(stdout)?.[1])
    if (!(perSecond > 0)) throw new Error(`Expected pgbench to say its tps, but it said:\n${stdout}`)
    const { rows } = await this.#database.query('SELECT count(*)::int AS count FROM task WHERE state = 2')
    expectCount('completed tasks', rows[0].count, tasks)
    return { tasks, elapsedMs: (tasks / (perSecond * batch)) * 1_000 }
  }
}
