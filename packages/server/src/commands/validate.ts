import { Command } from 'commander'
import { formatDuration } from '@tunacorn/protocol'
import { definitionFilesOf, problemLines } from '../definition-file.js'
import { exitCodes } from '../failures.js'
import { printJson } from '../output.js'
import type { Verdict } from '../validate/check-files.js'
import { countOf } from '../wording.js'
import { jsonOption } from './connection.js'
import { examples } from './settings-options.js'

export function validateCommand(): Command {
  return new Command('validate')
    .summary('check definition files')
    .description(
      'Checks definition files, and prints file:line:column: message for every problem. Nothing is sent or stored. Several files are checked as if they were registered together and there were no others: what one of them names as its failureProcess must be among them. For a single file that is left to the server.',
    )
    .argument('<file...>', 'YAML or JSON files, or folders of them; - is standard input')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['one file', 'tunacorn validate loan-application.yaml'],
        ['all of a folder', 'tunacorn validate definitions'],
        ['what another program writes', 'generate-definition | tunacorn validate -'],
      ) +
        '\nExit codes: 0 all are sound, 1 a file cannot be read, 2 the command was not\nunderstood, 3 a definition is not sound, 4 there is no such file.\n',
    )
    .action(validate)
}

async function validate(paths: readonly string[], { json }: { readonly json?: true }): Promise<void> {
  const { checkFiles } = await import('../validate/check-files.js')
  const { describeWorstCase } = await import('@tunacorn/core')
  const files = (await Promise.all(paths.map(definitionFilesOf))).flat()
  const verdicts = await checkFiles(files)
  for (const verdict of verdicts) {
    if (json !== undefined) printJson(asJson(verdict))
    else if (verdict.kind === 'invalid')
      for (const line of problemLines(verdict.file, verdict)) console.log(line)
    else if (verdict.kind === 'unreadable') console.error(`tunacorn: ${verdict.reason}`)
    else {
      const { file, name, taskCount, worstCase } = verdict
      // Sound for the library; but a server wants a name.
      const nameless = name === undefined ? '; no name, which a server asks for' : ''
      console.log(`${file}: sound, ${countOf(taskCount, 'task')}; ${describeWorstCase(worstCase)}${nameless}`)
    }
  }
  // One that could not be read is not known to be sound or not: that comes first.
  const unread = verdicts.find(({ kind }) => kind === 'unreadable')
  if (unread?.kind === 'unreadable') process.exitCode = unread.exitCode
  else if (verdicts.some(({ kind }) => kind === 'invalid')) process.exitCode = exitCodes.invalidDefinition
}

/** As the server answers `POST /definitions/validate`, and which file it is. */
function asJson(verdict: Verdict): object {
  const { file } = verdict
  if (verdict.kind === 'unreadable') return { file, valid: false, unreadable: verdict.reason }
  if (verdict.kind === 'invalid') return { file, valid: false, problems: verdict.problems }
  const { name, taskCount, worstCase } = verdict
  const { endMs, criticalPath } = worstCase
  return { file, valid: true, name, taskCount, endsWithin: formatDuration(endMs), criticalPath }
}
