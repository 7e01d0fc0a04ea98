import { type LocalService, serveAwsJson } from '../aws-json-server.ts';
import { secretOperations } from './operations.ts';
import { openVault } from './vault.ts';

export interface SecretsManagerOptions {
  /** 0 or absent: a free port. */
  readonly port?: number;
  /** Where secrets survive a restart; absent: in memory only. */
  readonly stateFile?: string;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

/** Starts a Secrets Manager on loopback. */
export function startSecretsManager(options: SecretsManagerOptions = {}): Promise<LocalService> {
  const vault = openVault(options.stateFile);
  const operations = secretOperations({ vault, clock: options.clock ?? Date.now });
  return serveAwsJson(
    { signingName: 'secretsmanager', targetPrefix: 'secretsmanager', operations, messageField: 'Message' },
    options.port,
  );
}
