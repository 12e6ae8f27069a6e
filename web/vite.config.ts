import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

/** The crypto worker's scripts share one prefix, so that the server can answer them with a policy of their own. */
const workerPrefix = 'assets/worker'

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: 'build',
    target: ['chrome130', 'firefox128', 'safari18'],
    assetsInlineLimit: 0, // no data: addresses; the page's policy refuses them
    modulePreload: { polyfill: false }, // the polyfill would be an inline script
    reportCompressedSize: false, // tools/budget.mjs measures what really travels
  },
  worker: {
    format: 'es',
    rolldownOptions: {
      output: {
        entryFileNames: `${workerPrefix}-[name]-[hash].js`,
        chunkFileNames: `${workerPrefix}-part-[hash].js`,
        assetFileNames: `${workerPrefix}-[name]-[hash][extname]`,
      },
    },
  },
  server: { host: '127.0.0.1', fs: { allow: ['..'] } },
  preview: { host: '127.0.0.1' },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
