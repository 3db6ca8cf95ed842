import { defineConfig } from 'vitest/config'

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/fixtures/station/bundle.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Patience, not a measure: machines that run tests may be ten times slower than a quiet one.
    testTimeout: 180_000,
    hookTimeout: 300_000,
  },
})
