import { administration, refusalOf } from '../../support/administration-fixture.ts';

const PROJECT = '/organization/projects/{project_id}';
const ACCOUNTS = `${PROJECT}/service_accounts`;
const ACCOUNT = `${ACCOUNTS}/{service_account_id}`;

/** A project whose accounts have so many keys each; of every second account the keys open nothing. */
async function projectOf(of: { readonly accounts: number; readonly keys: number }) {
  const plane = administration();
  const project_id = await plane.newProject();
  const ids: Record<'active' | 'inactive', string[]> = { active: [], inactive: [] };
  for (let index = 0; index < of.accounts; index += 1) {
    const made = await plane.call(`POST ${ACCOUNTS}`, { path: { project_id }, body: { name: `w${index}` } });
    const path = { project_id, service_account_id: made.body.id };
    const keys = [made.body.api_key.id];
    for (let more = 1; more < of.keys; more += 1) {
      keys.push((await plane.call(`POST ${ACCOUNT}/api_keys`, { path, body: {} })).body.id);
    }
    const access = index % 2 === 0 ? 'active' : 'inactive';
    ids[access].push(...keys);
    if (access === 'inactive') await plane.call(`DELETE ${ACCOUNT}`, { path });
  }
  const list = async (query: Record<string, string[]>) =>
    (await plane.call(`GET ${PROJECT}/api_keys`, { path: { project_id }, query })).body;
  return { ids, list };
}

type List = Awaited<ReturnType<typeof projectOf>>['list'];

/** Every page as the SDK iterates: on from `last_id` while there is more, ended by an empty page. */
async function pagesOf(list: List, query: Record<string, string[]>): Promise<string[][]> {
  const pages: string[][] = [];
  for (let after: string[] = []; ; ) {
    const body = await list({ ...query, ...(after.length > 0 && { after }) });
    pages.push(body.data.map(({ id }: { id: string }) => id));
    if (body.has_more === false || body.data.length === 0) return pages;
    after = [body.last_id];
  }
}

describe('the keys of one access', () => {
  test.each(['active', 'inactive'] as const)('that are %s fill every page but the last', async (access) => {
    const { ids, list } = await projectOf({ accounts: 8, keys: 3 });
    for (const limit of [1, 2, 5, 12, 100]) {
      const pages = await pagesOf(list, { owner_project_access: [access], limit: [String(limit)] });
      expect(pages.flat()).toEqual([...ids[access]].sort());
      expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
      // An exact has_more asks for no page that holds nothing.
      expect(pages).toHaveLength(Math.ceil(ids[access].length / limit));
    }
  });

  test('are found behind more others than the store gives at once', async () => {
    const { ids, list } = await projectOf({ accounts: 2, keys: 110 });
    for (const access of ['active', 'inactive'] as const) {
      const pages = await pagesOf(list, { owner_project_access: [access], limit: ['60'] });
      expect(pages.map((page) => page.length)).toEqual([60, 50]);
      expect(pages.flat()).toEqual([...ids[access]].sort());
    }
  });
});

test('a search that no key answers is refused after ten thousand, by name', async () => {
  const asked = { pages: 0 };
  const plane = administration((store) => ({
    async listKeys(tenant, page) {
      asked.pages += 1;
      return { ...(await store.listKeys(tenant, page)), hasMore: true };
    },
  }));
  const project_id = await plane.newProject();
  await plane.call(`POST ${ACCOUNTS}`, { path: { project_id }, body: { name: 'worker' } });
  const list = (access: string) =>
    plane.call(`GET ${PROJECT}/api_keys`, {
      path: { project_id },
      query: { owner_project_access: [access], limit: ['100'] },
    });
  expect(refusalOf(await list('inactive'))).toEqual({
    status: 400,
    code: 'invalid_value',
    param: 'owner_project_access',
  });
  expect(asked.pages).toBe(100);
});
