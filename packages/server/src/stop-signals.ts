import { exitCodes } from './failures.js'

interface Life<Running extends { close(): Promise<void> }> {
  readonly start: () => Promise<Running>
  /** What it does by itself while it runs. Ends soon when `stopping` is aborted, and never rejects. */
  readonly during?: (running: Running, stopping: AbortSignal) => Promise<void>
  readonly onStopping: (signal: StopSignal) => void
  /** Closing took too long, and is given up. */
  readonly onOverdue: (limitMs: number) => void
}

const stopSignals = ['SIGINT', 'SIGTERM'] as const
export type StopSignal = (typeof stopSignals)[number]

/** As shells have it: 128 and the number of the signal. */
const signalExitCodes: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 }

/** One Ctrl-C may come several times: from the terminal, and passed on by npm and by pnpm. */
const sameSignalMs = 300

const closingLimitMs = 10_000

/**
 * Runs a service until SIGINT or SIGTERM, then closes it. Before it has started there is nothing to be finished: a
 * signal ends the program at once, and so does a second one while it closes.
 */
export async function runUntilStopped<Running extends { close(): Promise<void> }>(
  life: Life<Running>,
): Promise<void> {
  let onSignal: (signal: StopSignal) => void = exitAtOnce
  // Left in place until the program ends: without them, one that comes again late would make a clean end look killed.
  for (const signal of stopSignals) process.on(signal, () => onSignal(signal))
  const running = await life.start()
  const asked = new Promise<StopSignal>((resolve) => {
    onSignal = resolve
  })
  const stopping = new AbortController()
  const during = life.during?.(running, stopping.signal)
  const signal = await asked
  onSignal = exitUnlessSame(performance.now())
  limitTime(life)
  life.onStopping(signal)
  stopping.abort()
  await during
  await running.close()
}

function exitUnlessSame(firstAt: number): (signal: StopSignal) => void {
  return (signal) => {
    if (performance.now() - firstAt > sameSignalMs) exitAtOnce(signal)
  }
}

function exitAtOnce(signal: StopSignal): never {
  process.exit(signalExitCodes[signal])
}

function limitTime({ onOverdue }: Pick<Life<never>, 'onOverdue'>): void {
  const giveUp = () => {
    onOverdue(closingLimitMs)
    process.exit(exitCodes.failure)
  }
  // When all is closed in time, it does not keep the program.
  setTimeout(giveUp, closingLimitMs).unref()
}
