import type { Definition } from '@tunacorn/protocol'
import { useMemo } from 'preact/hooks'
import { GraphView } from '../graph/graph-view.js'
import { countWords } from '../words.js'
import type { TaskRun } from './task-run.js'

interface ProcessGraphProps {
  readonly definition: Definition
  readonly runs: readonly TaskRun[]
  readonly openTask: number | undefined
  readonly onOpen: (members: readonly number[]) => void
}

/** The graph of the definition, each task as it stands. */
export function ProcessGraph({ definition, runs, openTask, onOpen }: ProcessGraphProps) {
  const looks = useMemo(() => runs.map(({ look }) => look), [runs])
  const notes = useMemo(() => runs.map(noteOf), [runs])
  return <GraphView definition={definition} looks={looks} notes={notes} openTask={openTask} onOpen={onOpen} />
}

/** Who has it, or how often it was tried. */
function noteOf({ look, board, attempts }: TaskRun): string | undefined {
  if (look === 'claimed' || look === 'lapsed') return board?.worker
  const tried = attempts.filter(({ outcome }) => outcome !== 'waiting').length
  return look === 'retrying' || tried > 1 ? countWords(tried, 'attempt') : undefined
}
