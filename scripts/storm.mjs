// Three servers, six workers and one PostgreSQL, to which everything happens that can: kills, pauses, cut connections,
// lost answers. Every call is on record, and is compared with what is stored in the end.
//
//   pnpm storm [--minutes N]
//
// Needs PostgreSQL's own programs (initdb and postgres). Ends with 1 when anything is not as it should be.
import { register as registerHooks } from 'node:module'
import { parseArgs } from 'node:util'

registerHooks('./typescript-hooks.mjs', import.meta.url)
const { Storm } = await import('../test/support/storm/storm.ts')

// Servers, workers and the cluster end with this process, once it ends by itself.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' } } })
const minutes = Number(values.minutes)
if (!(minutes > 0))
  throw new RangeError(`Expected --minutes to be a number above 0, but it is ${values.minutes}`)

let troubles = 0
const { anomalies, ...report } = await Storm.run(minutes, () => {
  troubles += 1
  if (troubles % 100 === 0) console.error(`${troubles} troubles made`)
})
console.log(JSON.stringify(report, undefined, 2))
for (const anomaly of anomalies.slice(0, 50)) console.log(`ANOMALY ${anomaly}`)
console.log(anomalies.length === 0 ? 'No anomalies.' : `${anomalies.length} anomalies.`)
process.exitCode = anomalies.length === 0 ? 0 : 1
