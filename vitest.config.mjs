import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Compiled sources, in which worker threads start from real files. */
const COMPILED = /\/dist\/(engine|workers|net|bench|scripts)\//

const shared = {
  root: import.meta.dirname,
  dir: 'dist/test',
  globals: false,
  pool: 'forks',
  // The sources run as Node runs them, not rewritten by the test runner.
  server: { deps: { external: [COMPILED] } },
  // Failures point to the .ts line.
  execArgv: ['--enable-source-maps'],
  testTimeout: 30_000,
  hookTimeout: 30_000,
  // Nothing is measured by how long something is waited for.
  expect: { poll: { timeout: 10_000 } },
}

export default defineConfig({
  test: {
    // Most tests wait for disks and sockets, so two share even a single core well.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['**/*.test.js'],
          exclude: ['interop/**', 'crash/**'],
        },
      },
      {
        // Peers in other processes, with time to start a JVM.
        test: {
          ...shared,
          name: 'interop',
          include: ['interop/**/*.test.js'],
          globalSetup: 'dist/test/interop/prepare-java.js',
          maxWorkers: 2,
          // The scenarios of the conformance matrix wait most of their time.
          maxConcurrency: 10,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        // Real kills: one file at a time.
        test: {
          ...shared,
          name: 'crash',
          include: ['crash/**/*.test.js'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
