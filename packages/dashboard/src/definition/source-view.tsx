/** A text with the numbers of its lines. */
export function SourceView({ source }: { source: string }) {
  const lines = source.replace(/\n$/, '').split('\n')
  return (
    <pre class="source" tabIndex={0} aria-label="Source">
      <span class="line-numbers" aria-hidden="true">
        {lines.map((_, index) => `${index + 1}\n`).join('')}
      </span>
      <code>{lines.join('\n')}</code>
    </pre>
  )
}
