/**
 * Processes that live though nothing is on the board for them, so that nothing can move them: there are none, at any
 * moment (G5 in docs/guarantees.md).
 */
export function stuckProcessesSql(schema: string): string {
  return `
SELECT p.id, p.definition, p.state FROM ${schema}.process p
WHERE p.state IN ('running', 'paused')
  AND NOT EXISTS (SELECT FROM ${schema}.task_list t WHERE t.process_id = p.id)
ORDER BY p.id LIMIT $1`
}
