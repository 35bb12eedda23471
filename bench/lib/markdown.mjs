/**
 * A table whose columns are as wide as their widest cell: also readable as it is.
 *
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
export function table(head, rows) {
  const widths = head.map((title, column) =>
    Math.max(3, ...[title, ...rows.map((row) => row[column])].map(width)),
  )
  const line = (cells) =>
    `| ${cells.map((cell, column) => cell + ' '.repeat(widths[column] - width(cell))).join(' | ')} |`
  return [line(head), `| ${widths.map((one) => '-'.repeat(one)).join(' | ')} |`, ...rows.map(line)].join('\n')
}

function width(text) {
  return [...text].length
}

/** @param {number} value */
export function number(value) {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}

const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** @param {readonly number[]} values */
export function sparkline(values) {
  const largest = Math.max(...values, 1)
  return values.map((value) => blocks[Math.round((value / largest) * (blocks.length - 1))]).join('')
}
