import { defineConfig } from 'vitest/config';

// One file after the other, since they all text the devices of one server, and in one place, so that Zapier's core is loaded once. The
// times are for a machine that has other things to do.
export default defineConfig({
  test: { include: ['test/*.test.js'], fileParallelism: false, isolate: false, testTimeout: 90_000, hookTimeout: 90_000 },
});
