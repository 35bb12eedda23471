import { Claims } from './checker/claims.js'
import { disordered, namedAlike, stuck, wronglyFollowed } from './checker/disordered.js'
import type { Evidence } from './checker/evidence.js'
import { doubled, early, overlapping } from './checker/handed-out.js'
import { invented } from './checker/invented.js'
import { lost } from './checker/lost.js'
import { wronglyRefused } from './checker/refused.js'

/** What is not as it is promised to be: nothing, or a line for each. */
export function anomaliesIn(evidence: Evidence): string[] {
  const claims = new Claims(evidence)
  return [
    ...lost(evidence, claims),
    ...invented(evidence),
    ...doubled(evidence, claims),
    ...overlapping(evidence, claims),
    ...early(evidence, claims),
    ...wronglyRefused(evidence, claims),
    ...disordered(evidence),
    ...wronglyFollowed(evidence),
    ...namedAlike(evidence),
    ...stuck(evidence),
    ...brokenDown(evidence),
  ]
}

/** What cannot be done for now is answered 503: any other answer of that kind is a bug. */
function* brokenDown({ calls }: Evidence): Iterable<string> {
  for (const { asked, answered } of calls) {
    if (answered !== undefined && answered.status >= 500 && answered.status !== 503)
      yield `${asked.do} was answered ${answered.status} ${answered.code ?? ''}`
  }
}
