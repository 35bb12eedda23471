import type { TunaCornClient } from '@tunacorn/client'
import type { Finding } from './finding.js'
import { aboutUnclaimed, lateMs } from './findings.js'

/**
 * What can be seen of a database through its server: an embedded one is open to nobody else while that runs.
 *
 * @throws TunaCornConnectionError when the server does not answer, TunaCornHttpError when its database does not
 */
export async function examineServer(client: TunaCornClient): Promise<Finding[]> {
  const { at, tasks } = await client.getOverview()
  const lateAt = Date.parse(at) - lateMs
  const isLate = (time: string | undefined): boolean => time !== undefined && Date.parse(time) < lateAt
  const unclaimed = tasks
    .filter(({ lapsed, waitingSince }) => lapsed > 0 || isLate(waitingSince))
    .filter(({ lastPolledAt }) => lastPolledAt === undefined || isLate(lastPolledAt))
    .map(({ name, waiting, lapsed, waitingSince, lastPolledAt }) => ({
      name,
      tasks: waiting + lapsed,
      since: dateOf(waitingSince),
      lastPolledAt: dateOf(lastPolledAt),
    }))
  const found = `the server at ${client.url} answers, and so does its database`
  return [{ about: 'server', isWell: true, found }, aboutUnclaimed({ unclaimed })]
}

function dateOf(time: string | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time)
}
