import * as z from 'zod/mini';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { projectId } from '../../shared/domain/ids.ts';
import {
  MODEL_PERMISSIONS_BYTES_MAX,
  type ModelPermissions,
  modelPermissionsFit,
} from '../../shared/domain/model-access.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import { jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { changeTenant, readTenant } from './change-tenant.ts';
import { modelsField } from './field-schemas.ts';
import { aliasesInForce } from './model-aliases.ts';
import { tenantOf } from './path-ids.ts';
import { refuseUnmatched } from './permitted-models.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { modelPermissionsObject } from './wire.ts';

export const updateBody = z.strictObject({
  mode: z.enum(['allow_list', 'deny_list']),
  model_ids: modelsField(20),
});

/**
 * `GET /organization/projects/{project_id}/model_permissions`: 404 where there are none, since OpenAI's object has no
 * mode for that. Then every model may be called.
 */
export const retrieveModelPermissions =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const { ref, modelPermissions } = await readTenant(ports, tenantOf(request));
    if (modelPermissions !== undefined) return jsonAnswer(200, modelPermissionsObject(modelPermissions));
    throw new GatewayError('not_found', `The project has no model permissions: '${projectId(ref)}'.`);
  };

/**
 * `POST …/model_permissions`: the models that may be called, or all but these: ids, or beginnings followed by `*`.
 * Replaces what there was and acts on the next request. An entry that matches no model of the deployment is refused, and a
 * denied model is denied through every inference profile too.
 */
export const updateModelPermissions =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const { mode, model_ids } = parseBody(updateBody, request.body);
    const modelPermissions: ModelPermissions = { mode, models: [...new Set(model_ids)] };
    if (!modelPermissionsFit(modelPermissions)) throw tooLong();
    await refuseUnmatched(modelPermissions, {
      catalogue: ports.catalogue,
      aliases: () => aliasesInForce(ports, tenantOf(request)),
    });
    await changeTenant(ports, {
      request,
      decide: (before) => ({
        tenant: { ...before, modelPermissions },
        audit: {
          type: 'project.model_permissions.updated',
          subject: { id: projectId(before.ref), mode, model_ids: modelPermissions.models },
        },
      }),
    });
    return jsonAnswer(200, modelPermissionsObject(modelPermissions));
  };

/** The permissions travel with every request in its signed context, beside the key's own models. */
const tooLong = (): GatewayError =>
  new GatewayError(
    'invalid_value',
    `Invalid value for 'model_ids': with its mode it must not take more than ${MODEL_PERMISSIONS_BYTES_MAX} bytes as JSON. Write beginnings of names with *.`,
    { param: 'model_ids' },
  );

/** `DELETE …/model_permissions`: every model may be called. May be repeated. */
export const deleteModelPermissions =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    await changeTenant(ports, {
      request,
      decide: ({ modelPermissions, ...tenant }) =>
        modelPermissions === undefined
          ? undefined
          : {
              tenant,
              audit: { type: 'project.model_permissions.deleted', subject: { id: projectId(tenant.ref) } },
            },
    });
    return jsonAnswer(200, { object: 'project.model_permissions.deleted', deleted: true });
  };
