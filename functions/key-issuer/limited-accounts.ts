import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { AccountRef, TenantRef } from '../../shared/domain/ids.ts';
import type { KeyIssuerPorts } from './ports.ts';

/** The counters of all limited accounts lie on one item a tenant, which every request writes. */
export const LIMITED_ACCOUNTS_MAX = 100;
const ACCOUNTS_A_PAGE = 100;

/** Refuses limits of one more account where so many have some. Two that are set at once may both pass: it bounds an item's size, not a right. */
export async function refuseMoreLimited(
  ports: Pick<KeyIssuerPorts, 'tenancy'>,
  tenant: TenantRef,
): Promise<void> {
  let limited = 0;
  let after: AccountRef | undefined;
  for (;;) {
    const page = await ports.tenancy.listAccounts(tenant, {
      limit: ACCOUNTS_A_PAGE,
      ...(after !== undefined && { after }),
    });
    limited += page.items.filter((account) => account.limits !== undefined).length;
    if (limited >= LIMITED_ACCOUNTS_MAX) throw tooMany();
    after = page.items.at(-1)?.ref;
    if (!page.hasMore || after === undefined) return;
  }
}

const tooMany = (): GatewayError =>
  new GatewayError(
    'conflict',
    `${LIMITED_ACCOUNTS_MAX} service accounts of this project have limits of their own already. Remove those of another with limits: null.`,
    { param: 'limits' },
  );
