import type { Problem } from './problem.js'
import type { ProblemList } from './problem-list.js'
import { isMapping } from './read-mapping.js'

/** What is wrong with the failure process that a definition names, as only those know who keep the others. */
export interface FailureProcessFault extends Pick<Problem, 'message' | 'suggestion'> {
  readonly code: 'unknown-failure-process' | 'failure-process-cycle'
}

/** Reports it where its name stands, which may be the field itself or a key of its mapping. */
export function reportFailureProcess(
  { code, message, suggestion }: FailureProcessFault,
  document: unknown,
  problems: ProblemList,
): void {
  const written = isMapping(document) ? (document as Record<string, unknown>)['failureProcess'] : undefined
  const pointer = isMapping(written) ? '/failureProcess/name' : '/failureProcess'
  problems.add({ code, pointer, message, suggestion: () => suggestion })
}
