/** POST /guardrail-checks/invoke: scores from 0 to 1 for what is asked about, without a guardrail of one's own. */
import { Constraints } from '../constraints.ts';
import { checkShape, type Shape } from '../shape.ts';
import { type Fields, readList, readObject, readString } from '../wire-value.ts';
import { ATTACK_CATEGORIES, CONTENT_CATEGORIES, findSensitive, scoreOf, textUnits } from './scores.ts';

/** GuardrailChecksSensitiveInformationEntityType. */
const ENTITY_TYPES = (
  'ADDRESS AGE AWS_ACCESS_KEY AWS_SECRET_KEY CA_HEALTH_NUMBER CA_SOCIAL_INSURANCE_NUMBER CREDIT_DEBIT_CARD_CVV ' +
  'CREDIT_DEBIT_CARD_EXPIRY CREDIT_DEBIT_CARD_NUMBER DRIVER_ID EMAIL INTERNATIONAL_BANK_ACCOUNT_NUMBER IP_ADDRESS ' +
  'LICENSE_PLATE MAC_ADDRESS NAME PASSWORD PHONE PIN SWIFT_CODE UK_NATIONAL_HEALTH_SERVICE_NUMBER ' +
  'UK_NATIONAL_INSURANCE_NUMBER UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER URL USERNAME US_BANK_ACCOUNT_NUMBER ' +
  'US_BANK_ROUTING_NUMBER US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER US_PASSPORT_NUMBER US_SOCIAL_SECURITY_NUMBER ' +
  'VEHICLE_IDENTIFICATION_NUMBER'
).split(' ');

const check = (list: string, member: string, names: readonly string[], max: number): Shape => ({
  type: 'structure',
  members: {
    [list]: {
      type: 'list',
      min: 1,
      max,
      of: {
        type: 'structure',
        members: { [member]: { type: 'string', oneOf: names } },
        required: [member],
      },
    },
  },
  required: [list],
});

const BODY: Shape = {
  type: 'structure',
  members: {
    messages: {
      type: 'list',
      min: 1,
      of: {
        type: 'structure',
        members: {
          role: { type: 'string', oneOf: ['user', 'assistant', 'system'] },
          content: {
            type: 'list',
            min: 1,
            of: {
              type: 'union',
              name: 'GuardrailChecksContentBlock',
              members: { text: { type: 'string', min: 1 } },
            },
          },
        },
        required: ['role', 'content'],
      },
    },
    checks: {
      type: 'structure',
      members: {
        contentFilter: check('categories', 'category', CONTENT_CATEGORIES, 5),
        promptAttack: check('categories', 'category', ATTACK_CATEGORIES, 3),
        sensitiveInformation: check('entities', 'type', ENTITY_TYPES, 31),
      },
    },
  },
  required: ['messages', 'checks'],
};

interface Text {
  readonly text: string;
  readonly messageIndex: number;
  readonly contentIndex: number;
}

/** ValidationException for a body that the service would refuse. */
export function checkWithGuardrails(body: Fields): object {
  const constraints = new Constraints();
  checkShape(body, BODY, { field: '', constraints });
  constraints.settle();
  const texts = textsOf(body);
  const checks = readObject(body['checks']) ?? {};
  const units = { textUnits: textUnits(texts.map(({ text }) => text)) };
  const attack = scores(texts, asked(checks, 'promptAttack', ATTACK_CATEGORIES));
  const content = scores(texts, asked(checks, 'contentFilter', CONTENT_CATEGORIES));
  const entities = asked(checks, 'sensitiveInformation', ENTITY_TYPES);
  return {
    results: {
      ...(content.length > 0 && { contentFilter: { results: content } }),
      ...(attack.length > 0 && { promptAttack: { results: attack } }),
      ...(entities.length > 0 && {
        sensitiveInformation: { results: texts.flatMap((text) => entitiesIn(text, entities)) },
      }),
    },
    usage: {
      ...(content.length > 0 && { contentFilter: units }),
      ...(attack.length > 0 && { promptAttack: units }),
      ...(entities.length > 0 && { sensitiveInformation: units }),
    },
  };
}

const textsOf = (body: Fields): readonly Text[] =>
  (readList(body['messages']) ?? []).flatMap((message, messageIndex) =>
    (readList(readObject(message)?.['content']) ?? []).map((block, contentIndex) => ({
      text: readString(readObject(block)?.['text']) ?? '',
      messageIndex,
      contentIndex,
    })),
  );

/** The names that a check lists, in their order, of those that there are. */
function asked<Name extends string>(checks: Fields, check: string, names: readonly Name[]): readonly Name[] {
  const { categories, entities } = readObject(checks[check]) ?? {};
  const listed = (readList(categories ?? entities) ?? []).map((item) => {
    const { category, type } = readObject(item) ?? {};
    return readString(category ?? type);
  });
  return names.filter((name) => listed.includes(name));
}

const scores = (texts: readonly Text[], categories: readonly Parameters<typeof scoreOf>[1][]) =>
  categories.map((category) => ({
    category,
    severityScore: Math.max(0, ...texts.map(({ text }) => scoreOf(text, category))),
  }));

const entitiesIn = ({ text, messageIndex, contentIndex }: Text, types: readonly string[]) =>
  findSensitive(text, types).map(({ type, begin, end }) => ({
    type,
    confidenceScore: 0.9,
    beginOffset: begin,
    endOffset: end,
    messageIndex,
    contentIndex,
  }));
