/** The ids by which reports are filtered. One that is malformed is refused; one of nobody, or of another, finds nothing. */
import {
  parseKeyId,
  parseProjectId,
  parseServiceAccountId,
  type TenantRef,
} from '../../shared/domain/ids.ts';
import { queryIds } from '../../shared/http/cursor-page.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';

export const projectsAsked = (request: GatewayRequest): readonly TenantRef[] | undefined =>
  queryIds(request, { name: 'project_ids', read: parseProjectId, like: 'proj_…' });

export const keysAsked = (request: GatewayRequest): readonly string[] | undefined =>
  queryIds(request, { name: 'api_key_ids', read: idItself(parseKeyId), like: 'key_…' });

export const usersAsked = (request: GatewayRequest): readonly string[] | undefined =>
  queryIds(request, { name: 'user_ids', read: idItself(parseServiceAccountId), like: 'svc_…' });

const idItself =
  (parse: (id: string) => unknown) =>
  (id: string): string | undefined =>
    parse(id) === undefined ? undefined : id;
