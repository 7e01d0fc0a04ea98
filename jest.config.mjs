export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/esbuild-transformer.mjs' },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/.esbuild', '<rootDir>/.serverless', '<rootDir>/.cache'],
  // Two cores are the smallest machine this is run on; Jest alone would leave one idle.
  maxWorkers: 2,
  // What hangs is ended; how fast anything is, bench/ says. Explorations take long on a machine that does other things.
  testTimeout: 120_000,
};
