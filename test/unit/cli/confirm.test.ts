import { mintKey } from '../../../shared/domain/api-key.ts';
import { keyId, newAccountRef, newKeyRef, ORGANIZATION_REF } from '../../../shared/domain/ids.ts';
import { seededRandom } from '../../support/random.ts';
import { answering, KEY, PROJECT, runIn } from './world-fixture.ts';

const ROOT = 'https://gateway.example.com/v1/organization';
const random = seededRandom('confirm');
const own = mintKey(random, {
  kind: 'bpa',
  environment: 'test',
  tenant: ORGANIZATION_REF,
  key: newKeyRef(random, newAccountRef(random)),
});
const OWN_ID = keyId(own.tenant, own.key);
const env = { BPX_URL: 'https://gateway.example.com', BPX_ADMIN_KEY: own.text };

describe('what ends something for ever', () => {
  test('is not done to a tenant until it is meant, and says what would happen and how to go on', async () => {
    const { exitCode, stderr, sent } = await runIn(['tenants', 'archive', PROJECT]);
    expect({ exitCode, sent }).toEqual({ exitCode: 2, sent: [] });
    expect(stderr).toContain(`This ends ${PROJECT} for ever: all its keys stop at once`);
    expect(stderr).toContain(`bpx tenants archive ${PROJECT} --yes`);
  });

  test('is done to a tenant where it is meant', async () => {
    const { exitCode, sent } = await runIn(['tenants', 'archive', PROJECT, '--yes'], { api: answering({}) });
    expect(exitCode).toBe(0);
    expect(sent).toMatchObject([{ method: 'POST', url: `${ROOT}/projects/${PROJECT}/archive` }]);
  });

  test('repeats no key that was pasted for a tenant', async () => {
    const { exitCode, stderr } = await runIn(['tenants', 'archive', own.text]);
    expect(exitCode).toBe(2);
    expect(stderr).not.toContain(own.text);
  });

  test('is not done to the key in use until it is meant, and names the way back', async () => {
    const { exitCode, stderr, sent } = await runIn(['admin-keys', 'revoke', OWN_ID], { env });
    expect({ exitCode, sent }).toEqual({ exitCode: 2, sent: [] });
    expect(stderr).toContain('is the key of this very command');
    expect(stderr).toContain('"action":"create-admin-key"');
    expect(stderr).toContain(`bpx admin-keys revoke ${OWN_ID} --yes`);
    expect(stderr).not.toContain(own.text);
  });

  test.each([[[OWN_ID, '--yes']], [[KEY]], [[KEY, '--yes']]])(
    'is done to an admin key by %j',
    async (args) => {
      const { exitCode, sent } = await runIn(['admin-keys', 'revoke', ...args], { env, api: answering({}) });
      expect(exitCode).toBe(0);
      expect(sent).toMatchObject([{ method: 'DELETE', url: `${ROOT}/admin_api_keys/${args[0]}` }]);
    },
  );
});
