'use strict';

/**
 * Which Node runs the sources as they are. Plain CommonJS, so that every Node can read it, by `require` and by
 * `import`.
 */

/** The first release that strips types without a flag: major and minor. */
const MINIMUM = [22, 18];

/** Whether a Node of this version, such as `v22.18.0`, reads TypeScript. */
function readsTypeScript(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
}

module.exports = { MINIMUM, readsTypeScript };
