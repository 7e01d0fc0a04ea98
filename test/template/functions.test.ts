import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { loadConfig } from '../../shared/config.ts';
import {
  PACKAGING_MS_MAX,
  packagedStack,
  recordOf,
  resourcesOf,
  STAGES,
} from '../support/packaged-template.ts';

/** Roles by function; the names that other teams' policies and runbooks rely on. */
const ROLES = {
  auditArchive: 'bedrock-proxy-audit-archive-role',
  authorizer: 'bedrock-proxy-authorizer-role',
  keyIssuer: 'bedrock-proxy-key-issuer-role',
  keyRotation: 'bedrock-proxy-key-rotation-role',
  metrics: 'bedrock-proxy-metrics-role',
  proxy: 'bedrock-proxy-lambda-role',
};

const HANDLERS = {
  auditArchive: 'functions/audit-archive/handler.handler',
  authorizer: 'functions/authorizer/handler.handler',
  keyIssuer: 'functions/key-issuer/handler.handler',
  keyRotation: 'functions/key-rotation/handler.handler',
  metrics: 'functions/metrics/handler.handler',
  proxy: 'functions/proxy/handler.handler',
};

/** The names of a zip's entries, read from its central directory (PKWARE APPNOTE 4.3.12). */
function entriesOf(zip: Buffer): readonly { name: string; content: Buffer }[] {
  const entries = [];
  for (
    let at = zip.indexOf('PK\u0001\u0002', 0, 'latin1');
    at !== -1;
    at = zip.indexOf('PK\u0001\u0002', at + 4, 'latin1')
  ) {
    const nameLength = zip.readUInt16LE(at + 28);
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const packed = zip.subarray(start, start + zip.readUInt32LE(at + 20));
    const content = zip.readUInt16LE(at + 10) === 8 ? inflateRawSync(packed) : packed;
    entries.push({ name: zip.toString('utf8', at + 46, at + 46 + nameLength), content });
  }
  return entries;
}

describe.each(STAGES)('the functions of %s', (stage) => {
  beforeAll(() => packagedStack(stage), PACKAGING_MS_MAX);

  test('are the six, on Node 22 and arm64', async () => {
    const { template } = await packagedStack(stage);
    const functions = resourcesOf(template, 'AWS::Lambda::Function').map(({ properties }) => [
      properties['FunctionName'],
      properties['Handler'],
      properties['Runtime'],
      [properties['Architectures']].flat()[0],
    ]);
    expect(functions.sort()).toEqual(
      Object.entries(HANDLERS).map(([name, handler]) => [
        `bedrock-proxy-${stage}-${name}`,
        handler,
        'nodejs22.x',
        'arm64',
      ]),
    );
  });

  test('each name the role made for them, and no other role exists', async () => {
    const { template } = await packagedStack(stage);
    const roles = new Map(
      resourcesOf(template, 'AWS::IAM::Role').map(({ id, properties }) => [id, properties['RoleName']]),
    );
    const named = resourcesOf(template, 'AWS::Lambda::Function').map(({ properties }) => {
      const [id, attribute] = [recordOf(properties['Role'])['Fn::GetAtt']].flat();
      return [properties['FunctionName'], attribute, roles.get(String(id))];
    });
    expect(named.sort()).toEqual(
      Object.entries(ROLES).map(([name, role]) => [
        `bedrock-proxy-${stage}-${name}`,
        'Arn',
        `${role}-${stage}`,
      ]),
    );
    expect(roles.size).toBe(6);
  });

  test('have the time that their callers wait for', async () => {
    const { template } = await packagedStack(stage);
    const timeouts = resourcesOf(template, 'AWS::Lambda::Function').map(({ properties }) => [
      String(properties['FunctionName']).replace(`bedrock-proxy-${stage}-`, ''),
      properties['Timeout'],
    ]);
    // API Gateway waits 29 s for a buffered answer and 900 s for a stream; within them the function's own end comes first.
    expect(Object.fromEntries(timeouts)).toEqual({
      auditArchive: 60,
      authorizer: 10,
      keyIssuer: 28,
      keyRotation: 300,
      metrics: 28,
      proxy: 900,
    });
  });

  test('have literal environments that the configuration accepts, equal in all of them', async () => {
    const { template } = await packagedStack(stage);
    const environments = resourcesOf(template, 'AWS::Lambda::Function').map(({ properties }) =>
      recordOf(recordOf(properties['Environment'])['Variables']),
    );
    for (const variables of environments) {
      expect(Object.values(variables).filter((value) => typeof value !== 'string')).toEqual([]);
      expect(variables).toEqual(environments[0]);
      const config = loadConfig({ ...(variables as Record<string, string>), AWS_REGION: 'eu-central-1' });
      expect([config.stage, config.keyEnvironment]).toEqual([stage, stage === 'prod' ? 'live' : 'test']);
    }
  });

  test('find the tables, the secret and the parameter under the names that their environment gives', async () => {
    const { template } = await packagedStack(stage);
    const [first] = resourcesOf(template, 'AWS::Lambda::Function');
    const variables = recordOf(recordOf(first?.properties['Environment'])['Variables']);
    const named = Object.entries(variables)
      .filter(([name]) => name.endsWith('_TABLE'))
      .map(([, value]) => value);
    const tables = resourcesOf(template, 'AWS::DynamoDB::Table').map(
      ({ properties }) => properties['TableName'],
    );
    expect(named.sort()).toEqual(tables.sort());
    const secrets = resourcesOf(template, 'AWS::SecretsManager::Secret').map(
      ({ properties }) => properties['Name'],
    );
    expect(secrets).toEqual([variables['CONTEXT_SECRET_ID']]);
    const [parameter] = resourcesOf(template, 'AWS::SSM::Parameter');
    expect(parameter?.properties).toMatchObject({
      Name: variables['BASE_URL_PARAMETER'],
      Type: 'String',
      Value: {
        'Fn::Sub': `https://\${ApiGatewayRestApi}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}/${stage}`,
      },
    });
  });

  test('are one zip each, which holds the minified bundle and nothing else', async () => {
    const { zips } = await packagedStack(stage);
    const found = Object.entries(zips).map(([name, file]) => [
      name,
      entriesOf(readFileSync(file)).map((entry) => entry.name),
    ]);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(
        Object.entries(HANDLERS).map(([name, handler]) => [name, [handler.replace(/\.handler$/, '.cjs')]]),
      ),
    );
  });

  test('bundle no AWS SDK client', async () => {
    const { zips } = await packagedStack(stage);
    const bundles = Object.values(zips).flatMap((file) => entriesOf(readFileSync(file)));
    for (const { content } of bundles) expect(content.includes('fromNodeProviderChain')).toBe(false);
  });

  test('log to groups of their own, which forget', async () => {
    const { template } = await packagedStack(stage);
    const groups = resourcesOf(template, 'AWS::Logs::LogGroup').map(({ properties }) => [
      properties['LogGroupName'],
      properties['RetentionInDays'],
    ]);
    const days = { dev: 7, staging: 30, prod: 90 }[stage];
    expect(groups.sort()).toEqual(
      Object.keys(HANDLERS).map((name) => [`/aws/lambda/bedrock-proxy-${stage}-${name}`, days]),
    );
  });
});

const root = path.resolve(import.meta.dirname, '../..');

describe('a bundle', () => {
  test('is built where no earlier run has left anything', () => {
    const print = `console.log(require('./resources/esbuild.cjs').outputWorkFolder)`;
    const folders = [0, 1].map(() => execFileSync(process.execPath, ['-e', print], { cwd: root }).toString());
    expect(new Set(folders).size).toBe(2);
    for (const folder of folders) expect(folder).toMatch(/^\.esbuild\/[\w-]{36}\n$/);
  });
});

describe('serverless.yml', () => {
  test('is a table of contents: at most 120 lines', () => {
    expect(readFileSync(path.join(root, 'serverless.yml'), 'utf8').split('\n').length).toBeLessThanOrEqual(
      121,
    );
  });

  test('refuses an unknown stage and names the ones there are', async () => {
    await expect(packagedStack('production')).rejects.toThrow(
      /Unknown stage "production"\. Use --stage dev \| staging \| prod/,
    );
  });
});
