import { GatewayError } from '../../shared/domain/gateway-error.ts';
import {
  type AccountRef,
  accountOfKey,
  type KeyRef,
  parseKeyId,
  type TenantRef,
} from '../../shared/domain/ids.ts';
import type { Page, PageRequest } from '../../shared/domain/page.ts';
import type { ApiKey, ServiceAccount, Tenant } from '../../shared/domain/tenancy.ts';
import { listBody, pageRequest, queryChoice } from '../../shared/http/cursor-page.ts';
import { jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { readTenant } from './change-tenant.ts';
import { tenantOf } from './path-ids.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { apiKeyObject, hasAccess } from './wire.ts';

const ACCESS = ['any', 'active', 'inactive'] as const;
const STORE_PAGE = 100;
/** What one request reads at most: ten thousand keys, more than a tenant has. */
const STORE_PAGES_MAX = 100;

/** `GET /organization/projects/{project_id}/api_keys`: the keys that have not been revoked. */
export const listApiKeys =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const tenant = tenantOf(request);
    const access = queryChoice(request, { name: 'owner_project_access', values: ACCESS });
    const page = pageRequest(request, (id) => keyIn(tenant, id), ['owner_project_access']);
    const owner = await readTenant(ports, tenant);
    const accountOf = accountReader(ports, tenant);
    const { items, hasMore } =
      access === 'any'
        ? await ports.tenancy.listKeys(tenant, page)
        : await keysWithAccess(ports, { owner, page, access, accountOf });
    const refs = items.map(({ ref }) => ref);
    const [uses, accounts] = await Promise.all([
      ports.tenancy.readKeyUses(tenant, refs),
      Promise.all(items.map(accountOf)),
    ]);
    const nowMs = request.receivedAtMs;
    const data = items.map((key, index) =>
      apiKeyObject(key, { tenant: owner, account: accounts[index], use: uses.get(key.ref), nowMs }),
    );
    return jsonAnswer(
      200,
      listBody({ items: data, hasMore }, (item) => item),
    );
  };

type AccountReader = (key: ApiKey) => Promise<ServiceAccount | undefined>;

/** The account of a key, each read once a request: a list that looked twice could contradict itself. */
function accountReader({ tenancy }: KeyIssuerPorts, tenant: TenantRef): AccountReader {
  const reads = new Map<AccountRef, Promise<ServiceAccount | undefined>>();
  return (key) => {
    const ref = accountOfKey(key.ref);
    const read = reads.get(ref) ?? tenancy.readAccount(tenant, ref);
    reads.set(ref, read);
    return read;
  };
}

/**
 * A full page of the keys whose account gives them this access. A page that came out shorter than what follows allows
 * would end a client's iteration: OpenAI's SDK stops at the first empty one.
 */
async function keysWithAccess(
  { tenancy }: KeyIssuerPorts,
  of: {
    readonly owner: Tenant;
    readonly page: PageRequest;
    readonly access: 'active' | 'inactive';
    readonly accountOf: AccountReader;
  },
): Promise<Page<ApiKey>> {
  const { limit } = of.page;
  let found: readonly ApiKey[] = [];
  let { after } = of.page;
  for (let read = 0; read < STORE_PAGES_MAX; read += 1) {
    const page = await tenancy.listKeys(of.owner.ref, {
      limit: STORE_PAGE,
      ...(after !== undefined && { after }),
    });
    const accounts = await Promise.all(page.items.map(of.accountOf));
    const isWanted = (account: ServiceAccount | undefined) =>
      hasAccess({ tenant: of.owner, account }) === (of.access === 'active');
    const matching = page.items.filter((_, index) => isWanted(accounts[index]));
    found = [...found, ...matching];
    // One more than the page holds tells that another follows.
    if (found.length > limit || !page.hasMore) {
      return { items: found.slice(0, limit), hasMore: found.length > limit };
    }
    after = page.items.at(-1)?.ref ?? after;
  }
  // What was not read may match, so another page follows; without an id to go on from it could not be asked for.
  return found.length > 0 ? { items: found, hasMore: true } : refuseSearch();
}

function refuseSearch(): never {
  throw new GatewayError(
    'invalid_value',
    `None of the next ${STORE_PAGE * STORE_PAGES_MAX} keys match 'owner_project_access'. List without it.`,
    { param: 'owner_project_access' },
  );
}

function keyIn(tenant: TenantRef, id: string): KeyRef | undefined {
  const parsed = parseKeyId(id);
  return parsed?.tenant === tenant ? parsed.key : undefined;
}
