import { Command, Option } from 'commander'
import { isDefinitionFile } from '../definition-argument.js'
import { problemLines, readDefinitionFile } from '../definition-file.js'
import type { Drawing } from '../definition-drawing.js'
import { exitCodes, Failure } from '../failures.js'
import { note, printJson } from '../output.js'
import { connect, withConnection, type ConnectionFlags } from './connection.js'
import { examples } from './settings-options.js'

interface GraphFlags extends ConnectionFlags {
  readonly format: 'mermaid' | 'dot'
}

export function graphCommand(): Command {
  const command = new Command('graph')
    .summary('draw a definition')
    .description(
      'Draws which task needs which, as text for Mermaid or Graphviz. What ends in .yaml, .yml or .json is a file, and - is standard input; anything else is the name of a definition on the server.',
    )
    .argument('<definition>', 'a file, or the name of a definition')
    .addOption(new Option('--format <format>', 'for whom').choices(['mermaid', 'dot']).default('mermaid'))
    .addHelpText(
      'after',
      examples(
        ['for a page in Markdown', 'tunacorn graph loan-application.yaml'],
        ['as a picture', 'tunacorn graph loan-application --format dot | dot -Tsvg > loan-application.svg'],
      ),
    )
    .action(graph)
  return withConnection(command)
}

async function graph(what: string, flags: GraphFlags): Promise<void> {
  const definition = isDefinitionFile(what) ? await read(what) : await fetch(what, flags)
  if (flags.json !== undefined) return printJson(definition)
  const { dot, mermaid } = await import('../definition-drawing.js')
  const draw = { dot, mermaid }[flags.format]
  console.log(draw(definition))
}

async function read(file: string): Promise<Drawing> {
  const { DefinitionError, readDefinition } = await import('@tunacorn/core')
  const { text, format } = await readDefinitionFile(file)
  try {
    const { name, tasks } = await readDefinition(text, { format, requireName: false })
    return { name: name ?? file, tasks: tasks.map((task) => ({ name: task.name, needs: [...task.needs] })) }
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error
    for (const line of problemLines(file, error)) note(line)
    throw new Failure(`${file} cannot be drawn.`, { cause: error, exitCode: exitCodes.invalidDefinition })
  }
}

async function fetch(wanted: string, flags: GraphFlags): Promise<Drawing> {
  const client = await connect(flags)
  const { suggestingDefinitions } = await import('../nearest-names.js')
  const { name, tasks } = await suggestingDefinitions(client, wanted, () => client.getDefinition(wanted))
  return { name, tasks: tasks.map((task) => ({ name: task.name, needs: task.needs })) }
}
