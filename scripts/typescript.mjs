// `node --import ./scripts/typescript.mjs FILE.ts` runs TypeScript on every Node that TunaCorn supports, so that what
// the tests have can be used outside of them. Types are left out, not checked: `pnpm check:types` does that.
import { register } from 'node:module'

register('./typescript-hooks.mjs', import.meta.url)
