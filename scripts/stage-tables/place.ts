/** Where the tables are that a script reads: of the running local stack, at an endpoint that is exported, or AWS's own. */
import path from 'node:path';
import { isRunning, readDevFile } from '../../local/stack/dev-file.ts';
import { localAccess } from '../../local/stack/identity.ts';

export interface TablesPlace {
  readonly stage: string;
  readonly region: string;
  /** Undefined for the region's own. */
  readonly endpoint: string | undefined;
  /** Undefined for whatever the AWS SDK finds. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const LOCAL_FOLDER = path.resolve(import.meta.dirname, '../../.local');

/** Throws where nothing says which. A local stack must not pass for production, nor production be touched unasked. */
export async function tablesPlace(of: {
  readonly stage?: string | undefined;
  readonly region: string;
  readonly aws?: true | undefined;
}): Promise<TablesPlace> {
  const local = of.aws === true ? undefined : readDevFile(LOCAL_FOLDER);
  const exported = process.env['AWS_ENDPOINT_URL_DYNAMODB'];
  const wanted = of.stage === undefined || of.stage === local?.stage;
  if (exported === undefined && local !== undefined && wanted && (await isRunning(local))) {
    if (local.endpoints.dynamodb === null)
      throw new Error('The local stack keeps its data in memory: no other process can read it.');
    return { ...localAccess(local.endpoints.dynamodb), stage: local.stage };
  }
  if (exported === undefined && of.aws === undefined)
    throw new Error(
      `No local stack${ofStage(of.stage)} runs: start one (npm start), or say --aws for AWS’s own tables.`,
    );
  return { stage: of.stage ?? 'dev', region: of.region, endpoint: exported };
}

const ofStage = (stage: string | undefined): string => (stage === undefined ? '' : ` of stage ${stage}`);
