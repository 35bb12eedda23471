import { expect, test } from 'vitest'
import * as names from '@tunacorn/express'

test('these names are public, and no others', () => {
  expect(Object.keys(names).toSorted()).toEqual(['TunaCornError', 'problemBody', 'sendProblem', 'tunacorn'])
})
