import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

/** The pictures' page: the shipped views over fixtures, built apart, never part of the shipped page. */
export default defineConfig({
  root: import.meta.dirname,
  publicDir: '../public',
  plugins: [svelte({ configFile: '../svelte.config.js' })],
  build: {
    outDir: 'build',
    target: ['chrome130', 'firefox128', 'safari18'], // as the shipped page
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
})
