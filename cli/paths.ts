/** Where things are in the Administration API. An account's or a key's id names its project too. */
import {
  parseKeyId,
  parseProjectId,
  parseServiceAccountId,
  parseSpendAlertId,
  projectId,
} from '../shared/domain/ids.ts';
import { refuseUsage } from './failure.ts';

export const PROJECTS = '/organization/projects';
export const ADMIN_KEYS = '/organization/admin_api_keys';

/** The path of a tenant. */
export const projectPath = (id: string): string =>
  parseProjectId(id) === undefined
    ? refuseId("a tenant's id: those are proj_… of ten characters")
    : `${PROJECTS}/${id}`;

/** The path of a service account. */
export const accountPath = (id: string): string => `${projectPathOfAccount(id)}/service_accounts/${id}`;

/** The path of the tenant that a service account is of. */
export function projectPathOfAccount(id: string): string {
  const parsed = parseServiceAccountId(id);
  return parsed === undefined
    ? refuseId("a service account's id: those are svc_… of 16 characters")
    : `${PROJECTS}/${projectId(parsed.tenant)}`;
}

/** The path of a key of a tenant. */
export function keyPath(id: string): string {
  const parsed = parseKeyId(id);
  return parsed === undefined
    ? refuseId("a key's id: those are key_… of 20 characters, never the key itself")
    : `${PROJECTS}/${projectId(parsed.tenant)}/api_keys/${id}`;
}

/** The path of an admin key. */
export const adminKeyPath = (id: string): string =>
  parseKeyId(id) === undefined
    ? refuseId("an admin key's id: those are key_… of 20 characters, never the key itself")
    : `${ADMIN_KEYS}/${id}`;

/** The path of a spend alert. */
export function alertPath(id: string): string {
  const parsed = parseSpendAlertId(id);
  return parsed === undefined
    ? refuseId("an alert's id: those are alert_… of 20 characters")
    : `${PROJECTS}/${projectId(parsed.tenant)}/spend_alerts/${id}`;
}

/** What was typed is not repeated: it may be a key, pasted by mistake. */
const refuseId = (what: string): never => refuseUsage(`That is not ${what}.`);
