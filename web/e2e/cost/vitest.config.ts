import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** Costs are measured and told, not judged: docs/performance.md says on which machine they were taken. */
export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  test: {
    include: ['e2e/cost/*.cost.ts'],
    environment: 'node',
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
  },
})
