import type { CompiledTemplate } from '../../local/api-gateway/compiled-template.ts';
import { OUTBOX_TYPES } from '../../shared/domain/outbox.ts';
import {
  PACKAGING_MS_MAX,
  packagedStack,
  recordOf,
  resourcesOf,
  STAGES,
} from '../support/packaged-template.ts';

/** An event as it is on the bus, with everything that any of them may carry but what `detail` leaves out. */
const eventOf = (stage: string, type: string, detail: Readonly<Record<string, unknown>>) => ({
  source: 'bedrock-proxy',
  'detail-type': type,
  detail: { id: 'event', stage, project_id: 'proj_0123456789', ...detail },
});
type BusEvent = ReturnType<typeof eventOf>;

/** Values, `exists` and `anything-but`: the part of EventBridge's patterns that the rules use. */
function matches(pattern: unknown, value: unknown): boolean {
  if (!Array.isArray(pattern)) {
    return Object.entries(recordOf(pattern)).every(([name, part]) => matches(part, recordOf(value)[name]));
  }
  return pattern.some((one) => {
    if (typeof one === 'string') return one === value;
    const { exists, 'anything-but': others, ...rest } = recordOf(one);
    expect(rest).toEqual({});
    if (exists !== undefined) return exists === (value !== undefined);
    return value !== undefined && ![others].flat().includes(value);
  });
}

/** What EventBridge makes of a template in quotes: a path that the event lacks leaves its place empty. */
function render(target: unknown, event: BusEvent): string {
  const { InputPathsMap: paths, InputTemplate: template } = recordOf(recordOf(target)['InputTransformer']);
  const [, sentence] = /^"([^"\n]*)"$/.exec(String(template)) ?? [];
  if (sentence === undefined) throw new Error('The template is no single quoted line.');
  return sentence.replaceAll(/<(\w+)>/g, (_, name: string) => {
    const path = recordOf(paths)[name];
    if (typeof path !== 'string') throw new Error(`The template names ${name}, which has no path.`);
    const found = path
      .slice('$.'.length)
      .split('.')
      .reduce<unknown>((value, part) => recordOf(value)[part], event);
    return found === undefined ? '' : String(found);
  });
}

const rulesOf = (template: CompiledTemplate) =>
  resourcesOf(template, 'AWS::Events::Rule').filter(
    ({ properties }) => properties['EventPattern'] !== undefined,
  );

/** What subscribers of the topic are told of an event. */
function told(template: CompiledTemplate, event: BusEvent): readonly string[] {
  return rulesOf(template)
    .filter(({ properties }) => matches(properties['EventPattern'], event))
    .flatMap(({ properties }) => [properties['Targets']].flat().map((target) => render(target, event)));
}

const LINK = { claim_url: 'https://gateway.example/v1/api_keys/claim#bpc_secret' };
const KEY = { key_id: 'key_a', key_name: 'a "name"' };

describe.each(STAGES)('the notifications of %s', (stage) => {
  beforeAll(() => packagedStack(stage), PACKAGING_MS_MAX);

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    [
      'key.claim_pending',
      { ...KEY, ...LINK, predecessor: 'key_b' },
      'key key_a of project proj_0123456789 waits to be claimed. It replaces key_b. For a link: bpx keys claim-link key_a',
    ],
    [
      'key.expiring',
      { ...KEY, ...LINK, days_left: 7, successor: 'key_c', successor_status: 'pending' },
      'key key_a of project proj_0123456789 ends, days left: 7. Its successor key_c waits to be claimed. For a link: bpx keys claim-link key_c',
    ],
    [
      'key.expiring',
      { ...KEY, days_left: 1, successor: 'key_c', successor_status: 'active' },
      'key key_a of project proj_0123456789 ends, days left: 1. Its successor, where it has one: key_c. Without one: bpx keys rotate key_a',
    ],
    [
      'key.expiring',
      { ...KEY, days_left: 14 },
      'key key_a of project proj_0123456789 ends, days left: 14. Its successor, where it has one: . Without one: bpx keys rotate key_a',
    ],
    [
      'key.rotated',
      { ...KEY, predecessor: 'key_b' },
      "project proj_0123456789. Of a key: key_a, in the place of: key_b. Of this month's spend, in cents: , threshold: ",
    ],
    [
      'spend_alert.reached',
      { spent_cents: 1_200, threshold_cents: 1_000, recipients: ['a@example.com'] },
      "project proj_0123456789. Of a key: , in the place of: . Of this month's spend, in cents: 1200, threshold: 1000",
    ],
  ])('say of %s in a sentence what to do', async (type, detail, sentence) => {
    const { template } = await packagedStack(stage);
    expect(told(template, eventOf(stage, type, detail))).toEqual([
      `bedrock-proxy-${stage} ${type}: ${sentence}`,
    ]);
  });

  test('tell every event of this stage once, and none of another', async () => {
    const { template } = await packagedStack(stage);
    for (const type of [...OUTBOX_TYPES, 'key.of_a_later_release']) {
      for (const successor_status of [undefined, 'pending', 'active', 'revoked']) {
        const detail = { ...KEY, ...(successor_status !== undefined && { successor_status }) };
        expect(told(template, eventOf(stage, type, detail))).toHaveLength(1);
        expect(told(template, eventOf('another', type, detail))).toEqual([]);
      }
    }
  });

  test('never hold a claim link, which stays with the event', async () => {
    const { template } = await packagedStack(stage);
    const rules = rulesOf(template);
    expect(rules.length).toBeGreaterThan(0);
    for (const { properties } of rules) {
      for (const target of [properties['Targets']].flat()) {
        const { InputTransformer: transformer, ...rest } = recordOf(target);
        expect(rest).toEqual({ Id: 'topic', Arn: { Ref: 'NotificationsTopic' } });
        // Ids and numbers: what people wrote could end the quoted line.
        const paths = Object.values(recordOf(recordOf(transformer)['InputPathsMap']));
        const allowed =
          /^\$\.(detail-type|detail\.(project_id|key_id|predecessor|successor|days_left|\w+_cents))$/;
        for (const path of paths) expect(path).toMatch(allowed);
      }
    }
  });

  test('are published by these rules and this account’s alarms, and by nothing else', async () => {
    const { template } = await packagedStack(stage);
    const [topic] = resourcesOf(template, 'AWS::SNS::Topic');
    // Encrypted by the AWS-managed key, the topic would get nothing of either.
    expect(topic?.properties).toEqual({ TopicName: `bedrock-proxy-notifications-${stage}` });
    const [policy] = resourcesOf(template, 'AWS::SNS::TopicPolicy');
    expect(policy?.properties['Topics']).toEqual([{ Ref: topic?.id }]);
    const publish = { Action: 'sns:Publish', Resource: { Ref: topic?.id } };
    const arns = rulesOf(template).map(({ id }) => ({ 'Fn::GetAtt': [id, 'Arn'] }));
    expect(recordOf(policy?.properties['PolicyDocument'])['Statement']).toEqual([
      {
        Sid: 'RulesPublish',
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        ...publish,
        Condition: { ArnEquals: { 'aws:SourceArn': arns } },
      },
      {
        Sid: 'AlarmsPublish',
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        ...publish,
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
      {
        Sid: 'OnlyOverTls',
        Effect: 'Deny',
        Principal: '*',
        ...publish,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ]);
  });
});
