import { demoDefinition } from './loan-demo.js'

/** Commands that work when they are pasted into a shell, and that make sense in this order. */
export function nextSteps(url: string, process: string): { what: string; command: string }[] {
  const start = { definition: demoDefinition, input: { applicant: 'Grace Hopper', amount: 90_000 } }
  const claim = { worker: 'me', definition: demoDefinition, lease: '10m' }
  return [
    { what: 'Start another loan application', command: post(`${url}/processes`, start) },
    {
      what: 'Be its worker: claim a task (and when it is done, POST its claim to /tasks/<id>/complete)',
      command: post(`${url}/tasks/claim`, claim),
    },
    {
      what: 'Look at all that happened in the loan application above',
      command: `curl ${url}/processes/${process}/history`,
    },
  ]
}

/** Without --json, which curl knows only since 7.82. The values hold no single quotes. */
function post(url: string, body: object): string {
  return `curl ${url} -H 'Content-Type: application/json' \\\n    -d '${JSON.stringify(body)}'`
}
