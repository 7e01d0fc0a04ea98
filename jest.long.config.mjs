import config from './jest.config.mjs';

// Read by test/support/runs.ts; the workers inherit it. Set here, because a shell's way to set it is not every shell's.
process.env.BPX_TEST_RUNS = 'long';

export default { ...config, testTimeout: 1_800_000 };
