import { type LocalService, serveAwsJson } from '../aws-json-server.ts';
import { parameterOperations } from './operations.ts';
import { openParameterTree } from './parameter.ts';

export interface ParameterStoreOptions {
  /** 0 or absent: a free port. */
  readonly port?: number;
  /** Where parameters survive a restart; absent: in memory only. */
  readonly stateFile?: string;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

/** Starts a Systems Manager Parameter Store on loopback. */
export function startParameterStore(options: ParameterStoreOptions = {}): Promise<LocalService> {
  const tree = openParameterTree(options.stateFile);
  const operations = parameterOperations({ tree, clock: options.clock ?? Date.now });
  return serveAwsJson(
    { signingName: 'ssm', targetPrefix: 'AmazonSSM', operations, messageField: 'message' },
    options.port,
  );
}
