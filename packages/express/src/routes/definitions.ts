import { TunaCornError, type SourceFormat } from '@tunacorn/core'
import { formatDuration } from '@tunacorn/protocol'
import type { Body } from '../read-body.js'
import type { Answer, Checked, Operations } from '../operation.js'
import { noContent, ok } from '../operation.js'
import { presentDefinition, presentSummary } from '../present.js'

type DefinitionOperations = Pick<
  Operations,
  | 'registerDefinition'
  | 'validateDefinition'
  | 'listDefinitions'
  | 'getDefinition'
  | 'listDefinitionVersions'
  | 'getDefinitionVersion'
  | 'removeDefinitionVersion'
>

export const definitionOperations: DefinitionOperations = {
  registerDefinition: {
    action: 'define',
    async serve({ engine, source, logger }) {
      const { text, format } = sourceOf(source)
      const { stored, definition, created } = await engine.registerDefinition(text, format, { logger })
      const body = presentDefinition(stored, definition)
      if (!created) return ok(body)
      const location = `/definitions/${encodeURIComponent(stored.name)}/versions/${stored.version}`
      return { status: 201, body, location }
    },
  },

  validateDefinition: {
    action: 'read',
    async serve({ engine, source }) {
      const { text, format } = sourceOf(source)
      const { definition, worstCase } = await engine.validateDefinition(text, format)
      const { endMs, criticalPath } = worstCase
      const { name, tasks } = definition
      return ok({
        valid: true,
        name,
        taskCount: tasks.length,
        endsWithin: formatDuration(endMs),
        criticalPath,
      })
    },
  },

  listDefinitions: {
    action: 'read',
    async serve({ engine, query }) {
      const { items, next } = await engine.listDefinitions(query)
      return ok({ items: items.map(presentSummary), nextCursor: next })
    },
  },

  getDefinition: {
    action: 'read',
    serve: ({ engine, request, path }) => showDefinition(engine, request, path.name),
  },

  listDefinitionVersions: {
    action: 'read',
    async serve({ engine, path, query }) {
      const { items, next } = await engine.listDefinitionVersions(path.name, query)
      return ok({ items: items.map(presentSummary), nextCursor: next })
    },
  },

  getDefinitionVersion: {
    action: 'read',
    serve: ({ engine, request, path }) => showDefinition(engine, request, path.name, path.version),
  },

  removeDefinitionVersion: {
    action: 'define',
    async serve({ engine, path, logger }) {
      await engine.removeDefinition(path.name, path.version, { logger })
      return noContent
    },
  },
}

/** As data, or, for who accepts YAML rather than JSON, as the text that was registered. */
async function showDefinition(
  engine: Checked<'getDefinition'>['engine'],
  request: Checked<'getDefinition'>['request'],
  name: string,
  version?: number,
): Promise<Answer> {
  const stored = await engine.fetchDefinition(name, version)
  const wanted = request.accepts(['application/json', 'application/yaml'])
  if (wanted !== 'application/yaml') return ok(presentDefinition(stored, stored.definition))
  return { status: 200, text: stored.source, contentType: 'application/yaml' }
}

const formats: Readonly<Record<string, SourceFormat>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/x-yaml': 'yaml',
  'text/yaml': 'yaml',
  'text/x-yaml': 'yaml',
}

function sourceOf(source: Body | undefined): { text: string; format: SourceFormat } {
  const format = formats[source?.mediaType ?? '']
  if (source === undefined || format === undefined) {
    throw new TunaCornError(
      'unsupported-media-type',
      `Expected a definition as application/yaml or application/json, but its Content-Type is ${JSON.stringify(source?.mediaType ?? '')}.`,
    )
  }
  if (source.kind === 'text') return { text: source.text, format }
  // The host has parsed the JSON already: this says the same, in other lines and columns.
  return { text: JSON.stringify(source.value, undefined, 2) ?? '', format }
}
