import { secretsOfTemplate } from '../../../../local/stack/secrets.ts';

const templateOf = (properties: Record<string, unknown>) => ({
  Resources: { ContextSecret: { Type: 'AWS::SecretsManager::Secret', Properties: properties } },
});
/** Always the first of what is left, so that a test can say the whole value. */
const first = () => 0;

describe('the secrets of a template', () => {
  test('a generated field is put into the given JSON, as long as asked', () => {
    const [secret] = secretsOfTemplate(
      templateOf({
        Name: 'app/dev/context',
        GenerateSecretString: {
          SecretStringTemplate: '{"currentId":"k1"}',
          GenerateStringKey: 'k1',
          PasswordLength: 48,
          ExcludePunctuation: true,
        },
      }),
    );
    expect(secret?.name).toBe('app/dev/context');
    expect(JSON.parse(secret?.value ?? '')).toEqual({
      currentId: 'k1',
      k1: expect.stringMatching(/^[A-Za-z0-9]{48}$/),
    });
  });

  test('without a frame the password is the value, with one character of each type', () => {
    const generation = { PasswordLength: 4 };
    const [secret] = secretsOfTemplate(templateOf({ Name: 's', GenerateSecretString: generation }), first);
    expect(secret?.value).toBe('aA0!');
  });

  test('excluded characters do not occur', () => {
    const generation = { ExcludeCharacters: 'abcdefghijklmnopqrstuvwxyz!', PasswordLength: 2000 };
    const [secret] = secretsOfTemplate(templateOf({ Name: 's', GenerateSecretString: generation }));
    expect(secret?.value).toMatch(/^[^a-z!]{2000}$/);
  });

  test('each start makes another value', () => {
    const template = templateOf({ Name: 's', GenerateSecretString: {} });
    expect(secretsOfTemplate(template)).not.toEqual(secretsOfTemplate(template));
  });

  test('a property that would not be honoured stops the stack and is named', () => {
    expect(() => secretsOfTemplate(templateOf({ Name: 's', ReplicaRegions: [] }))).toThrow(
      'ContextSecret: the local stack would not honour ReplicaRegions.',
    );
  });
});
