import { defineConfig } from 'vitest/config';

// One file after the other: they all text the devices of one server.
export default defineConfig({
  test: { include: ['test/*.test.js'], fileParallelism: false, testTimeout: 30_000, hookTimeout: 30_000 },
});
