import { Command } from 'commander'
import { problemLines, readDefinitionFile } from '../definition-file.js'
import { exitCodes, Failure } from '../failures.js'
import { countOf } from '../wording.js'
import { examples } from './settings-options.js'

export function validateCommand(): Command {
  return new Command('validate')
    .summary('check definition files')
    .description(
      'Checks definition files, and prints file:line:column: message for every problem. Nothing is sent or stored. Each file is looked at by itself: whether a failureProcess is registered, the server checks.',
    )
    .argument('<file...>', 'YAML or JSON files; - is standard input')
    .addHelpText(
      'after',
      examples(
        ['one file', 'tunacorn validate loan-application.yaml'],
        ['many', 'tunacorn validate definitions/*.yaml'],
        ['what another program writes', 'generate-definition | tunacorn validate -'],
      ) +
        '\nExit codes: 0 all are sound, 1 a file cannot be read, 2 the command was not\nunderstood, 3 a definition is not sound.\n',
    )
    .action(validateAll)
}

type Verdict = 'sound' | 'invalid' | 'unreadable'

async function validateAll(files: readonly string[]): Promise<void> {
  const verdicts = new Set<Verdict>()
  // In the order given, one in memory at a time.
  for (const file of files) verdicts.add(await validate(file))
  // One that could not be read is not known to be sound or not: that comes first.
  if (verdicts.has('unreadable')) process.exitCode = exitCodes.failure
  else if (verdicts.has('invalid')) process.exitCode = exitCodes.invalidDefinition
}

async function validate(file: string): Promise<Verdict> {
  const { DefinitionError, describeWorstCase, engineDefaults, readDefinition, worstCaseEnd } =
    await import('@tunacorn/core')
  try {
    const { text, format } = await readDefinitionFile(file)
    const definition = await readDefinition(text, { format, requireName: false })
    const worst = describeWorstCase(worstCaseEnd(definition, engineDefaults))
    console.log(`${file}: sound, ${countOf(definition.tasks.length, 'task')}; ${worst}`)
    return 'sound'
  } catch (error) {
    if (error instanceof DefinitionError) {
      for (const line of problemLines(file, error)) console.log(line)
      return 'invalid'
    }
    if (!(error instanceof Failure)) throw error
    console.error(`tunacorn: ${error.message}`)
    return 'unreadable'
  }
}
