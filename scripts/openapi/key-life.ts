/** What OpenAI's API has nothing of: rotation and claims. */
import { claimBody } from '../../functions/key-issuer/claim.ts';
import { rotateBody } from '../../functions/key-issuer/rotate.ts';
import { rotateSelfBody } from '../../functions/key-issuer/rotate-self.ts';
import { newKeyFields } from './api-keys.ts';
import { deliveryDescriptions } from './key-fields.ts';
import { NOT_FOUND, type Resource } from './operation.ts';
import { bodyOf } from './request-body.ts';
import { object, ref, text, time } from './schema.ts';

const KEY = '/v1/organization/projects/{project_id}/api_keys/{api_key_id}';

export const keyLife: Resource = {
  schemas: {
    RotatedApiKey: object('The new key, and what becomes of the old one.', {
      ...newKeyFields,
      predecessor: object('The key that it replaces.', {
        id: text('`key_…`.'),
        expires_at: time('When it ends: both work until then'),
      }),
    }),
    RotateApiKey: bodyOf(rotateBody, {
      ...deliveryDescriptions,
      overlap_seconds:
        'How long the predecessor works on: as its `rotation` says where absent, and never beyond its own end.',
    }),
    RotateOwnApiKey: bodyOf(rotateSelfBody, deliveryDescriptions),
    ClaimApiKey: bodyOf(claimBody, { token: 'The part of the claim link behind the `#`.' }),
  },
  operations: {
    [`POST ${KEY}/rotate`]: {
      id: 'rotateApiKey',
      tag: 'API keys',
      summary: 'Make a successor of a key',
      description:
        'Our addition. The successor keeps account, name, grant and rotation. With `delivery.method` `claim` the overlap begins when it is claimed.',
      body: { schema: ref('RotateApiKey'), required: 'optional' },
      answer: 'RotatedApiKey',
      refusals: {
        404: NOT_FOUND,
        409: 'The key has a successor (named in the message), has expired, or waits to be claimed itself; or its project is archived, or its account deleted: `conflict`.',
      },
      repeats: 'recognised',
    },
    [`POST ${KEY}/claim_link`]: {
      id: 'createClaimLink',
      tag: 'API keys',
      summary: 'Make one more link to a key that waits to be claimed',
      description: 'Our addition. Of more than four links the oldest ends.',
      answer: 'NewApiKey',
      refusals: { 404: NOT_FOUND, 409: 'The key does not wait to be claimed: `conflict`.' },
    },
    'POST /v1/api_keys/self/rotate': {
      id: 'rotateOwnApiKey',
      tag: 'API keys',
      summary: 'Make a successor of the key of this request',
      description:
        'Our addition, for workloads. A repeat after a lost answer gives the same successor with a new secret, until that is used or for ten minutes.',
      body: { schema: ref('RotateOwnApiKey'), required: 'optional' },
      answer: 'RotatedApiKey',
      refusals: {
        404: 'The key was revoked meanwhile: `not_found`.',
        409: 'Its successor, which the message names, cannot be given in the way that is asked for; or the key is itself a renewal whose predecessor still works: `conflict`.',
        410: 'Its successor has been used, or waited too long: `gone`.',
      },
    },
    'POST /v1/api_keys/claim': {
      id: 'claimApiKey',
      tag: 'API keys',
      summary: 'Claim a key by its link',
      description:
        'Our addition. The key is made now. It may be repeated with the same token until the key’s first use or for ten minutes after the first claim; each repeat replaces the secret.',
      body: { schema: ref('ClaimApiKey'), required: 'required' },
      answer: 'NewApiKey',
      refusals: {
        404: 'Anything but a right token: `not_found`, alike for all.',
        410: 'The link was right, and has been used or its time is over: `gone`.',
      },
    },
  },
};
