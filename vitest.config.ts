import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const sources = ['scripts/**/*.test.ts', 'console/**/*.test.{ts,tsx}', 'engine/**/*.test.ts', 'tests/**/*.test.ts']
const throughEngine = 'tests/e2e/**/*.test.ts'
const withPeers = 'tests/peers/**/*.test.ts'

export default defineConfig({
  test: {
    // Most unit tests wait for PostgreSQL or a stand-in, and leave a processor to others meanwhile.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      {
        test: {
          name: 'unit',
          include: sources,
          exclude: [throughEngine, withPeers],
          globalSetup: ['tests/support/postgres.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: [throughEngine],
          // Each file starts an engine and a PostgreSQL of its own: one after the other.
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'peers',
          include: [withPeers],
          fileParallelism: false,
          testTimeout: 240_000,
          // Installing a peer is a download of some hundred megabytes.
          hookTimeout: 900_000,
        },
      },
    ],
  },
})
