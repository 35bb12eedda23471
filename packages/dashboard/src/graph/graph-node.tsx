import { StateIcon, stateWords } from '../parts/state-icon.js'
import type { Look } from '../process/task-run.js'
import { countWords } from '../words.js'
import { groupName } from './collapse.js'
import { fitText } from './fit-text.js'
import { nodeHeight, nodeWidth, type Point } from './geometry.js'

interface GraphNodeProps {
  readonly place: Point
  readonly names: readonly string[]
  readonly looks: readonly Look[] | undefined
  readonly note: string | undefined
  readonly isOpen: boolean
  readonly onOpen: (() => void) | undefined
}

/** As styles/process.css has them. */
const fonts = { name: '550 12.5px', note: '400 11px' }
const marginPx = 10

/** From the one that most needs to be seen. */
const urgency: readonly Look[] = [
  'failed',
  'lapsed',
  'retrying',
  'claimed',
  'scheduled',
  'delayed',
  'paused',
  'pending',
  'cancelled',
  'completed',
]

export function GraphNodeView({ place, names, looks, note, isOpen, onOpen }: GraphNodeProps) {
  const isGroup = names.length > 1
  const name = isGroup ? groupName(names) : (names[0] ?? '')
  const look = looks && urgency.find((one) => looks.includes(one))
  const under = isGroup ? groupNote(names.length, looks) : (note ?? (look && stateWords[look]))
  const textX = look === undefined ? 12 : 34
  const roomPx = nodeWidth - textX - marginPx
  return (
    <g
      class={`node ${look === undefined ? '' : `is-${look}`} ${isOpen ? 'is-open' : ''} ${onOpen ? 'is-link' : ''}`}
      transform={`translate(${place.x - nodeWidth / 2} ${place.y - nodeHeight / 2})`}
      onClick={onOpen}
    >
      <title>
        {isGroup ? `${name}: ${under}` : [name, look && stateWords[look], note].filter(Boolean).join(' · ')}
      </title>
      {isGroup && <rect class="behind" x="4" y="4" width={nodeWidth} height={nodeHeight} rx="7" />}
      <rect class="box" width={nodeWidth} height={nodeHeight} rx="7" />
      {look !== undefined && <StateIcon state={look} x={10} y={under === undefined ? 15 : 8} />}
      <text class="node-name" x={textX} y={under === undefined ? 28 : 20}>
        {fitText(name, roomPx, fonts.name)}
      </text>
      {under !== undefined && (
        <text class="node-note" x={textX} y="36">
          {fitText(under, roomPx, fonts.note)}
        </text>
      )}
    </g>
  )
}

function groupNote(count: number, looks: readonly Look[] | undefined): string {
  if (looks === undefined) return countWords(count, 'task')
  const completed = looks.filter((look) => look === 'completed').length
  return `${completed.toLocaleString('en')} of ${countWords(count, 'task')} done`
}
