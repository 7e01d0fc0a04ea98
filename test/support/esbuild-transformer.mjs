import { transformSync } from 'esbuild';

/** Jest transformer: TypeScript to ESM with esbuild, types erased and not checked (npm run types does that). */
export default {
  process: (source, sourcefile) =>
    transformSync(source, { loader: 'ts', format: 'esm', target: 'node22', sourcemap: 'inline', sourcefile }),
};
