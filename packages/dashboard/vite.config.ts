import { defineConfig } from 'vite'

export default defineConfig({
  // Wherever it is mounted.
  base: './',
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    // Nothing is written into the page itself: its content security policy would refuse it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Of what is built in: their terms ask for it.
    license: { fileName: 'licences.md' },
    rolldownOptions: {
      // What it does not use of these is left out: the whole of openapi.yaml, for one.
      treeshake: { moduleSideEffects: (id) => !/packages\/(?:client|protocol)\/dist\//.test(id) },
    },
  },
  // So that the bundler sees that this is no Node, and leaves out what is for Node alone.
  define: { 'globalThis.process': 'undefined' },
  worker: { format: 'es' },
})
