import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** Crowds: many people's cores in one process against the real program, without browsers and media. */
export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  test: {
    include: ['e2e/crowd/*.crowd.ts'],
    environment: 'node',
    pool: 'forks',
    execArgv: ['--experimental-websocket', '--no-warnings'],
    fileParallelism: false,
    testTimeout: 1_200_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
  },
})
